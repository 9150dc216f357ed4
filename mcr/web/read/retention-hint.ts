import type { RetentionRule } from "../../policy/retention-rule.ts";
import { fitsRepository } from "../../policy/repository-pattern.ts";

const units = [
  { unit: "day", ms: 86_400_000 },
  { unit: "hour", ms: 3_600_000 },
  { unit: "minute", ms: 60_000 },
] as const;

/** What garbage collection does with what is old in a repository, as a sentence; empty: no rule is about it.
 * @param rules in the order in which they are asked */
export function retentionHint(rules: readonly RetentionRule[], repository: string): string {
  const rule = rules.find(({ repositories }) => fitsRepository([repositories], repository));
  return rule === undefined ? "" : describeRetention(rule);
}

/** A rule in words. */
export function describeRetention({ tags, untaggedAfterMs, orphanedAfterMs }: RetentionRule): string {
  const sentences: string[] = [];
  if (tags !== undefined) {
    const about = tags.match.length === 0 ? "Tags" : `Tags such as ${tags.match.join(", ")}`;
    const kept = [
      tags.keepNewest > 0 && `the newest ${tags.keepNewest}`,
      tags.keepPushedWithinMs > 0 && `those pushed in the last ${durationText(tags.keepPushedWithinMs)}`,
      tags.keepPulledWithinMs > 0 && `those pulled in the last ${durationText(tags.keepPulledWithinMs)}`,
      tags.protectSemver && "versions",
      tags.protect.length > 0 && tags.protect.join(", "),
    ].filter((part) => part !== false);
    sentences.push(`${about} are removed${kept.length === 0 ? "" : `, but not ${kept.join(", ")}`}.`);
  }
  if (untaggedAfterMs !== undefined) {
    sentences.push(`Manifests without a tag are removed after ${durationText(untaggedAfterMs)}.`);
  }
  if (orphanedAfterMs !== undefined) {
    sentences.push(
      `Signatures and the like of what is gone are removed after ${durationText(orphanedAfterMs)}.`,
    );
  }
  return sentences.join(" ");
}

/** In the largest unit that says it exactly. */
function durationText(durationMs: number): string {
  const { unit, ms } = units.find((known) => durationMs % known.ms === 0) ?? { unit: "second", ms: 1_000 };
  const count = Math.round(durationMs / ms);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
