import { ruleId, rulePatterns, rulePriority } from "@metacircular/mcdsl/policy/rule-fields.ts";
import { z } from "zod";

/** A rule of the policy. A list that is empty matches everything; of several lists each must match. */
export const ruleSchema = z.strictObject({
  id: ruleId,
  priority: rulePriority,
  effect: z.enum(["allow", "deny"]),
  /** Names of accounts; `*` stands for any text. */
  accounts: rulePatterns,
  kinds: z.array(z.enum(["human", "system"])).max(2),
  roles: rulePatterns,
  /** Names of mounts; `*` stands for any text. */
  mounts: rulePatterns,
  /** `ca/issue`; `*` stands for any text without a slash. */
  operations: rulePatterns,
  /** DNS names and other names of certificates: see `name-pattern.ts`. */
  names: rulePatterns.refine(
    (names) => names.every((name) => name.split("**").length <= 2),
    'must not have more than one "**" in a name',
  ),
  /** Also allows names that are wildcards. */
  wildcards: z.boolean(),
});

export type Rule = Readonly<z.output<typeof ruleSchema>>;
