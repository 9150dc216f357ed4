import { compareRules } from "@metacircular/mcdsl/policy/rule-order.ts";
import type { z } from "zod";
import { type AccessRule, accessRuleSchema } from "./access-rule.ts";
import { type RetentionRule, retentionRuleSchema } from "./retention-rule.ts";
import {
  compareByPriority,
  type ImmutabilityRule,
  immutabilityRuleSchema,
  type QuotaRule,
  quotaRuleSchema,
} from "./tag-rules.ts";

/** The kinds of rules. */
export interface RuleOf {
  readonly access: AccessRule;
  readonly immutability: ImmutabilityRule;
  readonly quota: QuotaRule;
  readonly retention: RetentionRule;
}

export type RuleKind = keyof RuleOf;

/** All rules at one moment, each kind in the order in which its rules are asked. */
export interface RuleBook extends RuleLists {
  readonly version: number;
}

export type RuleLists = { readonly [Kind in RuleKind]: readonly RuleOf[Kind][] };

export const ruleSchemas: { readonly [Kind in RuleKind]: z.ZodType<RuleOf[Kind]> } = {
  access: accessRuleSchema,
  immutability: immutabilityRuleSchema,
  quota: quotaRuleSchema,
  retention: retentionRuleSchema,
};

/** @param rows as they are stored */
export function ruleBook(
  version: number,
  rows: readonly { readonly kind: string; readonly rule: string }[],
): RuleBook {
  const all = <Kind extends RuleKind>(kind: Kind): RuleOf[Kind][] =>
    rows.filter((row) => row.kind === kind).map(({ rule }) => ruleSchemas[kind].parse(JSON.parse(rule)));
  return {
    version,
    access: all("access").toSorted(compareRules),
    immutability: all("immutability").toSorted(compareByPriority),
    quota: all("quota").toSorted(compareByPriority),
    retention: all("retention").toSorted(compareByPriority),
  };
}
