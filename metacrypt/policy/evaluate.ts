import { coversName, isWildcard, touchesName } from "./name-pattern.ts";
import type { PolicyRequest, PolicySubject } from "./policy-check.ts";
import { compareRules, type Rule } from "./rule.ts";
import { fitsPattern } from "./text-pattern.ts";

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
    isAbout(rule, identity) &&
    anyOf(rule.mounts, (pattern) => fitsPattern(pattern, mount)) &&
    anyOf(rule.operations, (pattern) => fitsPattern(pattern, operation)) &&
    (rule.effect === "allow" ? allowsNames(rule, names) : deniesNames(rule, names))
  );
}

function isAbout(rule: Rule, identity: PolicySubject): boolean {
  return (
    anyOf(rule.accounts, (pattern) => fitsPattern(pattern, identity.name)) &&
    anyOf(rule.kinds, (kind) => kind === identity.kind) &&
    anyOf(rule.roles, (role) => identity.roles.includes(role))
  );
}

function anyOf<T>(wanted: readonly T[], fits: (one: T) => boolean): boolean {
  return wanted.length === 0 || wanted.some(fits);
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
