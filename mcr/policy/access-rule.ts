import { ruleId, rulePatterns, rulePriority } from "@metacircular/mcdsl/policy/rule-fields.ts";
import { z } from "zod";
import { repositoryPatterns } from "./repository-pattern.ts";

/** Who may do what. A list that is empty matches everything; of several lists each must match. */
export const accessRuleSchema = z.strictObject({
  id: ruleId,
  priority: rulePriority,
  effect: z.enum(["allow", "deny"]),
  /** Names of accounts; `*` stands for any text. */
  accounts: rulePatterns,
  /** Empty: everybody to whom it denies, but only those with an account to whom it allows. */
  kinds: z.array(z.enum(["human", "system", "anonymous"])).max(3),
  roles: rulePatterns,
  repositories: repositoryPatterns,
  actions: z.array(z.enum(["pull", "push", "delete"])).max(3),
});

export type AccessRule = Readonly<z.output<typeof accessRuleSchema>>;
