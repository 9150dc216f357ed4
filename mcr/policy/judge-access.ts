import { fitsSubject, isAnyOf } from "@metacircular/mcdsl/policy/subject.ts";
import type { Action, Caller } from "../access/access.ts";
import type { AccessRule } from "./access-rule.ts";
import { fitsRepository } from "./repository-pattern.ts";

/** What was decided, and why. */
export interface Verdict {
  readonly allowed: boolean;
  /** The rule that decided; undefined: none did, so that it is refused. */
  readonly rule: AccessRule | undefined;
  /** Continues "it is allowed because"/"refused because", e.g. `no rule allows it`. */
  readonly reason: string;
}

/** The first rule that matches decides; where none does it is refused. Guests are refused always.
 * @param rules in the order of `compareRules` */
export function judgeAccess(
  rules: readonly AccessRule[],
  caller: Caller,
  action: Action,
  repository: string,
): Verdict {
  if (caller.roles.includes("guest")) {
    return { allowed: false, rule: undefined, reason: "the role guest may do nothing" };
  }
  const rule = rules.find((candidate) => matches(candidate, caller, action, repository));
  if (rule === undefined) return { allowed: false, rule, reason: "no rule allows it" };
  const allowed = rule.effect === "allow";
  return { allowed, rule, reason: `the rule ${rule.id} ${allowed ? "allows" : "denies"} it` };
}

/** Whether anybody may do everything, without an account. */
export function allowsEverybodyEverything(rules: readonly AccessRule[]): boolean {
  const anybody: Caller = { kind: "anonymous", name: "", roles: [] };
  const actions: readonly Action[] = ["pull", "push", "delete"];
  return actions.every((action) => {
    const first = rules.find(
      (rule) => isAbout(rule, anybody) && isAnyOf(rule.actions, (one) => one === action),
    );
    return first?.effect === "allow" && fitsEveryRepository(first);
  });
}

function fitsEveryRepository({ repositories }: AccessRule): boolean {
  return repositories.length === 0 || repositories.includes("**");
}

function matches(rule: AccessRule, caller: Caller, action: Action, repository: string): boolean {
  return (
    isAbout(rule, caller) &&
    isAnyOf(rule.actions, (one) => one === action) &&
    fitsRepository(rule.repositories, repository)
  );
}

/** Nobody without an account is let in by a rule that does not say so, nor meant by one that names accounts. */
function isAbout(rule: AccessRule, caller: Caller): boolean {
  if (caller.kind === "anonymous") {
    if (rule.accounts.length > 0) return false;
    if (rule.effect === "allow" && !rule.kinds.includes("anonymous")) return false;
  }
  return fitsSubject(rule, caller);
}
