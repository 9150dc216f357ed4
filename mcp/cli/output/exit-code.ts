import { DetailedError, type ErrorCategory } from "@metacircular/mcdsl/errors.ts";

/** What the exit code of `mcp` means. Scripts depend on these numbers. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** Wrong usage, or an invalid definition or configuration. */
  usage: 2,
  /** Not logged in, or not allowed. */
  refused: 3,
  /** A node, or the identity service, cannot be reached. */
  unreachable: 4,
  /** Some of it was done. */
  partlyFailed: 5,
  /** It failed, and what ran before runs again. */
  restored: 6,
  /** `plan --exit-code`: something would change. */
  wouldChange: 10,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const byCategory: Partial<Record<ErrorCategory, ExitCode>> = {
  "invalid-argument": exitCodes.usage,
  unauthenticated: exitCodes.refused,
  "permission-denied": exitCodes.refused,
  unavailable: exitCodes.unreachable,
  "deadline-exceeded": exitCodes.unreachable,
};

/** Where the category alone would say less. */
const byCode: Partial<Record<string, ExitCode>> = {
  CONFIG_NOT_FOUND: exitCodes.usage,
  CONFIG_UNREADABLE: exitCodes.usage,
  DEFINITION_NOT_FOUND: exitCodes.usage,
  DEFINITION_UNREADABLE: exitCodes.usage,
  DEFINITIONS_UNREADABLE: exitCodes.usage,
};

/** Exit code of a command that an error ended. */
export function exitCodeOfError(error: unknown): ExitCode {
  if (!(error instanceof DetailedError)) return exitCodes.failed;
  return byCode[error.code] ?? byCategory[error.category] ?? exitCodes.failed;
}

/** Exit code of a question to several nodes: partly failed when some answered, else what the failures have in
 * common. */
export function exitCodeOfFailures(answered: number, failures: readonly unknown[]): ExitCode {
  if (failures.length === 0) return exitCodes.done;
  if (answered > 0) return exitCodes.partlyFailed;
  const codes = new Set(failures.map(exitCodeOfError));
  const [code = exitCodes.failed] = codes;
  return codes.size === 1 ? code : exitCodes.failed;
}
