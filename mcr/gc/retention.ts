import { fitsPattern } from "@metacircular/mcdsl/policy/text-pattern.ts";
import { isVersionTag } from "@metacircular/mcp-core/version-tag.ts";
import { compareByPriority } from "../policy/tag-rules.ts";
import { fitsRepository } from "../policy/repository-pattern.ts";
import type { RetentionRule, TagRetention } from "../policy/retention-rule.ts";

/** A tag with what retention asks about it. */
export interface TagFacts {
  readonly name: string;
  readonly updatedAtMs: number;
  /** By this tag, or its manifest by digest. 0: never. */
  readonly lastPullAtMs: number;
}

/** A manifest with what retention asks about it. */
export interface ManifestFacts {
  readonly isTagged: boolean;
  /** Whether an index of the repository names it. */
  readonly isIncluded: boolean;
  /** `none`: it is about no other manifest. */
  readonly subject: "none" | "there" | "gone";
  readonly pushedAtMs: number;
  readonly lastPullAtMs: number;
  /** When a tag, an index or the subject was last taken away from it. */
  readonly releasedAtMs: number;
}

/** The rule that counts for a repository: of those that name it the first by priority, then by id. */
export function ruleFor(rules: readonly RetentionRule[], repository: string): RetentionRule | undefined {
  return rules
    .filter((rule) => fitsRepository([rule.repositories], repository))
    .toSorted(compareByPriority)[0];
}

/** Which tags go, the oldest first.
 * @param leaseMs those pushed within this time stay in any case: somebody is about to use them */
export function expiredTags(
  retention: TagRetention,
  tags: readonly TagFacts[],
  { nowMs, leaseMs }: { readonly nowMs: number; readonly leaseMs: number },
): string[] {
  const within = (atMs: number, durationMs: number): boolean => durationMs > 0 && nowMs - atMs < durationMs;
  return tags
    .filter(({ name }) => isMatched(retention, name))
    .toSorted((a, b) => b.updatedAtMs - a.updatedAtMs || (a.name < b.name ? -1 : 1))
    .slice(retention.keepNewest)
    .filter(
      ({ updatedAtMs, lastPullAtMs }) =>
        !within(updatedAtMs, Math.max(leaseMs, retention.keepPushedWithinMs)) &&
        !within(lastPullAtMs, retention.keepPulledWithinMs),
    )
    .map(({ name }) => name)
    .toReversed();
}

function isMatched({ match, protect, protectSemver }: TagRetention, name: string): boolean {
  if (protectSemver && isVersionTag(name)) return false;
  if (protect.some((pattern) => fitsPattern(pattern, name))) return false;
  return match.length === 0 || match.some((pattern) => fitsPattern(pattern, name));
}

/** Whether a manifest goes. One that has a tag, that an index names, or whose subject is there never does. */
export function isExpiredManifest(
  rule: Pick<RetentionRule, "untaggedAfterMs" | "orphanedAfterMs">,
  manifest: ManifestFacts,
  { nowMs, leaseMs }: { readonly nowMs: number; readonly leaseMs: number },
): boolean {
  if (manifest.isTagged || manifest.isIncluded || manifest.subject === "there") return false;
  const afterMs = manifest.subject === "none" ? rule.untaggedAfterMs : rule.orphanedAfterMs;
  if (afterMs === undefined) return false;
  if (nowMs - manifest.pushedAtMs < leaseMs) return false;
  const lastNeededAtMs = Math.max(manifest.pushedAtMs, manifest.lastPullAtMs, manifest.releasedAtMs);
  return nowMs - lastNeededAtMs >= afterMs;
}
