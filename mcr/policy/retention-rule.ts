import { ruleId, rulePatterns, rulePriority } from "@metacircular/mcdsl/policy/rule-fields.ts";
import { z } from "zod";
import { repositoryPattern } from "./repository-pattern.ts";

/** What garbage collection may remove besides what nothing needs, in repositories that a pattern names. Without a rule
 * nothing goes that somebody could still pull: no tag, and no manifest, tagged or not. */
export interface RetentionRule {
  readonly id: string;
  /** `*` within one part of the path, `**` across. Of several rules for a repository only the first by `priority` counts. */
  readonly repositories: string;
  /** Smallest first; of equals the one with the smaller id. */
  readonly priority: number;
  /** What happens to tags. Undefined: all stay. */
  readonly tags: TagRetention | undefined;
  /** Manifests that no tag, no index and no subject keeps go so long after they were pushed. Undefined: they stay. Never
   * less than the lease of a push. */
  readonly untaggedAfterMs: number | undefined;
  /** Artifacts about a manifest that is gone go so long after they were pushed. Undefined: they stay. An artifact whose
   * subject is there stays as long as that. */
  readonly orphanedAfterMs: number | undefined;
}

/** A tag goes where it matches `match`, is not protected, and nothing else keeps it. */
export interface TagRetention {
  /** Tags that the rule is about: `*` stands for any characters. Empty: all tags. */
  readonly match: readonly string[];
  /** Tags that never go: `*` stands for any characters. */
  readonly protect: readonly string[];
  /** Whether tags that are versions (1.2.3, v1.2.3) never go. */
  readonly protectSemver: boolean;
  /** So many of the newest by the time of their push stay. 0: none for that reason. */
  readonly keepNewest: number;
  /** Those pushed within this time stay. 0: none for that reason. */
  readonly keepPushedWithinMs: number;
  /** Those pulled within this time stay. 0: none for that reason. */
  readonly keepPulledWithinMs: number;
}

const durationMs = () => z.int().min(0);

export const retentionRuleSchema: z.ZodType<RetentionRule> = z
  .strictObject({
    id: ruleId,
    priority: rulePriority,
    repositories: repositoryPattern,
    tags: z
      .strictObject({
        match: rulePatterns,
        protect: rulePatterns,
        protectSemver: z.boolean(),
        keepNewest: z.int().min(0),
        keepPushedWithinMs: durationMs(),
        keepPulledWithinMs: durationMs(),
      })
      .optional(),
    untaggedAfterMs: durationMs().optional(),
    orphanedAfterMs: durationMs().optional(),
  })
  .transform(({ tags, untaggedAfterMs, orphanedAfterMs, ...rule }) => ({
    ...rule,
    tags,
    untaggedAfterMs,
    orphanedAfterMs,
  }));
