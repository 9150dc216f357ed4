/** What kind of failure it is; decides the gRPC status and the exit code. */
export type ErrorCategory =
  | "invalid-argument"
  | "not-found"
  | "already-exists"
  | "failed-precondition"
  | "aborted"
  | "unauthenticated"
  | "permission-denied"
  | "resource-exhausted"
  | "unavailable"
  | "deadline-exceeded"
  | "cancelled"
  | "internal";

/** What every failure says: a stable code, what was attempted, on what, what was found, what to do next. */
export interface ErrorFacts {
  /** Stable, upper case; `docs/errors.md` explains each. */
  readonly code: string;
  /** Default: `internal`. */
  readonly category?: ErrorCategory;
  /** Continues "cannot …", e.g. `pull image`. */
  readonly attempted: string;
  /** On what, e.g. `localhost/hello:v2`. */
  readonly subject?: string;
  readonly found: string;
  /** Imperative, e.g. `build and tag the image, then deploy again`. */
  readonly remedy?: string;
  /** Further facts by name; never a secret. */
  readonly facts?: Readonly<Record<string, string>>;
  /** Last lines of the output that explains the failure, oldest first. */
  readonly output?: readonly string[];
  readonly cause?: unknown;
}

/** A failure that an operator can act on. */
export class DetailedError extends Error {
  readonly code: string;
  readonly category: ErrorCategory;
  readonly attempted: string;
  readonly subject: string;
  readonly found: string;
  readonly remedy: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly output: readonly string[];

  constructor(details: ErrorFacts) {
    super(sentence(details), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "DetailedError";
    this.code = details.code;
    this.category = details.category ?? "internal";
    this.attempted = details.attempted;
    this.subject = details.subject ?? "";
    this.found = details.found;
    this.remedy = details.remedy ?? "";
    this.facts = details.facts ?? {};
    this.output = details.output ?? [];
  }

  /** The same failure, but for what is given; the cause, too, is the same where none is given. */
  with(changes: Partial<ErrorFacts>): DetailedError {
    const { code, category, attempted, subject, found, remedy, facts, output, cause } = this;
    const same = { code, category, attempted, subject, found, remedy, facts, output, cause };
    return new DetailedError({ ...same, ...changes });
  }
}

/** One line: `cannot pull image localhost/hello:v2: not found; build it first`. */
export function sentence(details: Pick<ErrorFacts, "attempted" | "subject" | "found" | "remedy">): string {
  const subject = details.subject ? ` ${details.subject}` : "";
  const remedy = details.remedy ? `; ${details.remedy}` : "";
  return `cannot ${details.attempted}${subject}: ${details.found}${remedy}`;
}

/** The message of whatever was thrown, with the messages of its causes. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? "" : messageOf(thrown.cause);
  return cause === "" || thrown.message.includes(cause) ? thrown.message : `${thrown.message}: ${cause}`;
}
