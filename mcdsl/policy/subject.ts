import { fitsPattern } from "./text-pattern.ts";

/** Whom a rule is about. A list that is empty matches everybody; of several lists each must match. */
export interface SubjectPatterns<Kind extends string> {
  /** Names of accounts; `*` stands for any text. */
  readonly accounts: readonly string[];
  readonly kinds: readonly Kind[];
  readonly roles: readonly string[];
}

export interface Subject<Kind extends string> {
  readonly name: string;
  readonly kind: Kind;
  readonly roles: readonly string[];
}

/** Whether a rule is about the subject. */
export function fitsSubject<Kind extends string>(
  rule: SubjectPatterns<Kind>,
  subject: Subject<Kind>,
): boolean {
  return (
    isAnyOf(rule.accounts, (pattern) => fitsPattern(pattern, subject.name)) &&
    isAnyOf(rule.kinds, (kind) => kind === subject.kind) &&
    isAnyOf(rule.roles, (role) => subject.roles.includes(role))
  );
}

/** Whether one of those that are wanted fits, or nothing in particular is wanted. */
export function isAnyOf<T>(wanted: readonly T[], fits: (one: T) => boolean): boolean {
  return wanted.length === 0 || wanted.some(fits);
}
