/** How a check ended. `unknown`: it could not be made. */
export type FindingSeverity = "ok" | "warning" | "problem" | "unknown";

/** What one check of `mcp doctor` found. */
export interface Finding {
  /** Stable name of the check, e.g. `disk`. */
  readonly check: string;
  readonly severity: FindingSeverity;
  /** What was looked at. */
  readonly subject: string;
  readonly found: string;
  /** How to mend it, where possible as a command; empty where all is well. */
  readonly remedy: string;
}

/** What a check says of one subject. It does not know its own name, which `named` gives it. */
export type Judgement = Omit<Finding, "check">;

export function fine(subject: string, found: string): Judgement {
  return { severity: "ok", subject, found, remedy: "" };
}

export function warning(subject: string, found: string, remedy: string): Judgement {
  return { severity: "warning", subject, found, remedy };
}

export function problem(subject: string, found: string, remedy: string): Judgement {
  return { severity: "problem", subject, found, remedy };
}

export function unknown(subject: string, found: string, remedy: string): Judgement {
  return { severity: "unknown", subject, found, remedy };
}

export function named(check: string, judgements: readonly Judgement[]): Finding[] {
  return judgements.map((judgement) => ({ check, ...judgement }));
}
