import { ruleId, rulePatterns, rulePriority } from "@metacircular/mcdsl/policy/rule-fields.ts";
import { z } from "zod";
import type { RetentionRule } from "../gc/retention-rule.ts";
import { repositoryPattern } from "./repository-pattern.ts";

const durationMs = () => z.int().min(0);

/** As `mcr/gc/retention-rule.ts` describes it. */
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
