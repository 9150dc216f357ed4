import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";

export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/** Lines that explain a failure: what was attempted, what was found, the output that explains it, what to do. */
export function formatError(error: unknown): string[] {
  if (!(error instanceof DetailedError)) return [`error: ${messageOf(error)}`];
  const { attempted, subject, found, output, remedy, code } = error;
  const what = subject === "" ? attempted : `${attempted} ${subject}`;
  return [
    `error: cannot ${what}: ${found}`,
    ...output.map((line) => `  | ${line}`),
    ...(remedy === "" ? [] : [`  next: ${remedy}`]),
    `  code: ${code}`,
  ];
}

export function exitCodeOf(error: unknown): number {
  const usage = error instanceof DetailedError && error.category === "invalid-argument";
  return usage ? exitCodes.usage : exitCodes.failed;
}
