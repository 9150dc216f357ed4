import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { compareRules } from "@metacircular/mcdsl/policy/rule-order.ts";
import type { SealedRecords } from "../barrier/sealed-records.ts";
import { evaluate } from "./evaluate.ts";
import type { PolicyCheck, PolicyRequest } from "./policy-check.ts";
import { type Rule, ruleSchema } from "./rule.ts";

const MAX_RULES = 1000;

/** The rules, stored sealed: a record each. They are read once and remembered until `forget`. */
export class Policy implements PolicyCheck {
  readonly #records: SealedRecords;
  #rules: readonly Rule[] | undefined;

  constructor(records: SealedRecords) {
    this.#records = records;
  }

  check(request: PolicyRequest): void {
    const { allowed, rule } = evaluate(this.rules(), request);
    if (!allowed) throw refused(request, rule);
  }

  /** In the order in which they are asked. @throws DetailedError SEALED */
  rules(): readonly Rule[] {
    this.#rules ??= this.#records
      .list("", { limit: MAX_RULES })
      .map((id) => ruleSchema.parse(JSON.parse(Buffer.from(this.#records.get(id) ?? []).toString())))
      .toSorted(compareRules);
    return this.#rules;
  }

  /** Adds a rule, or replaces the one with its id; to be called in a transaction that is followed by `forget`.
   * @throws DetailedError RULES_TOO_MANY, SEALED */
  put(rule: Rule): Rule {
    const rules = this.rules();
    if (rules.length >= MAX_RULES && !rules.some(({ id }) => id === rule.id)) throw tooMany();
    this.#records.put(rule.id, Buffer.from(JSON.stringify(rule)));
    return rule;
  }

  /** To be called in a transaction that is followed by `forget`. @throws DetailedError RULE_NOT_FOUND, SEALED */
  delete(id: string): void {
    if (this.#records.delete(id)) return;
    throw new DetailedError({
      code: "RULE_NOT_FOUND",
      category: "not-found",
      attempted: "remove rule",
      subject: id.slice(0, 63),
      found: "there is none with this id",
      remedy: "`metacrypt policy list` shows them",
    });
  }

  /** Reads the rules anew when they are next asked for: after a change, and when the service is sealed. */
  forget(): void {
    this.#rules = undefined;
  }
}

function refused(
  { identity, mount, operation, names = [] }: PolicyRequest,
  rule: Rule | undefined,
): DetailedError {
  const about = names.length === 0 ? "" : ` for ${names.slice(0, 10).join(", ")}`;
  const by = rule === undefined ? "no rule allows it" : `the rule ${rule.id} denies it`;
  return new DetailedError({
    code: "PERMISSION_DENIED",
    category: "permission-denied",
    attempted: operation,
    subject: `on ${mount}${about}`,
    found: `${by} to ${identity.name}`,
    remedy: "ask an administrator for a rule that allows it (`metacrypt policy add`)",
    facts: { rule: rule?.id ?? "" },
  });
}

function tooMany(): DetailedError {
  return new DetailedError({
    code: "RULES_TOO_MANY",
    category: "resource-exhausted",
    attempted: "store rule",
    found: `there are ${MAX_RULES} already`,
    remedy: "remove some, or put several subjects or names into one rule",
  });
}
