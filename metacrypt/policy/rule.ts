import { z } from "zod";

const MAX_PATTERNS = 100;
const MAX_PATTERN_CHARACTERS = 253;
const MAX_PRIORITY = 1_000_000;

const patterns = z.array(z.string().min(1).max(MAX_PATTERN_CHARACTERS)).max(MAX_PATTERNS);

/** A rule of the policy. A list that is empty matches everything; of several lists each must match. */
export const ruleSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/u, 'must be 1 to 63 of "a-z0-9._-"'),
  /** Rules are asked from the smallest number to the largest. */
  priority: z.int().min(0).max(MAX_PRIORITY),
  effect: z.enum(["allow", "deny"]),
  /** Names of accounts; `*` stands for any text. */
  accounts: patterns,
  kinds: z.array(z.enum(["human", "system"])).max(2),
  roles: patterns,
  /** Names of mounts; `*` stands for any text. */
  mounts: patterns,
  /** `ca/issue`; `*` stands for any text without a slash. */
  operations: patterns,
  /** DNS names and other names of certificates: see `name-pattern.ts`. */
  names: patterns.refine(
    (names) => names.every((name) => name.split("**").length <= 2),
    'must not have more than one "**" in a name',
  ),
  /** Also allows names that are wildcards. */
  wildcards: z.boolean(),
});

export type Rule = Readonly<z.output<typeof ruleSchema>>;

/** The order in which rules are asked: by priority; of equal ones those that deny first, then by id. */
export function compareRules(a: Rule, b: Rule): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  if (a.effect !== b.effect) return a.effect === "deny" ? -1 : 1;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}
