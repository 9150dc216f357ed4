import type { Name } from "../wire/name.ts";

/** What is asked upstream; class IN. */
export interface ForwardQuestion {
  readonly name: Name;
  readonly type: number;
  /** The client wants signatures as well (RFC 3225). */
  readonly dnssecOk: boolean;
  readonly checkingDisabled: boolean;
}

/** The same for questions with the same answer. */
export function questionKey({ name, type, dnssecOk, checkingDisabled }: ForwardQuestion): string {
  return `${type}${dnssecOk ? "d" : ""}${checkingDisabled ? "c" : ""} ${name}`;
}
