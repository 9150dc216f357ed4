import { compareRules } from "@metacircular/mcdsl/policy/rule-order.ts";
import { fitsSubject, isAnyOf } from "@metacircular/mcdsl/policy/subject.ts";
import { fitsPattern } from "@metacircular/mcdsl/policy/text-pattern.ts";
import { coversName, isWildcard, touchesName } from "./name-pattern.ts";
import type { PolicyRequest } from "./policy-check.ts";
import type { Rule } from "./rule.ts";

/** What was decided, and by which rule; undefined: by none, so that it is refused, or for an administrator. */
export interface Decision {
  readonly allowed: boolean;
  readonly rule: Rule | undefined;
}

/** Administrators may do everything. For others the first rule that matches decides, in the order of `compareRules`;
 * where none does it is refused. Pure; the rules may come in any order. */
export function evaluate(rules: readonly Rule[], request: PolicyRequest): Decision {
  if (request.identity.roles.includes("admin")) return { allowed: true, rule: undefined };
  const rule = rules.toSorted(compareRules).find((candidate) => matches(candidate, request));
  return { allowed: rule?.effect === "allow", rule };
}

function matches(rule: Rule, { identity, mount, operation, names = [] }: PolicyRequest): boolean {
  return (
    fitsSubject(rule, identity) &&
    isAnyOf(rule.mounts, (pattern) => fitsPattern(pattern, mount)) &&
    isAnyOf(rule.operations, (pattern) => fitsPattern(pattern, operation)) &&
    (rule.effect === "allow" ? allowsNames(rule, names) : deniesNames(rule, names))
  );
}

/** A rule that says which names it allows is about requests with names only. */
function allowsNames({ names: patterns, wildcards }: Rule, names: readonly string[]): boolean {
  if (!wildcards && names.some(isWildcard)) return false;
  if (patterns.length === 0) return true;
  return names.length > 0 && names.every((name) => patterns.some((pattern) => coversName(pattern, name)));
}

function deniesNames({ names: patterns }: Rule, names: readonly string[]): boolean {
  return (
    patterns.length === 0 || names.some((name) => patterns.some((pattern) => touchesName(pattern, name)))
  );
}
