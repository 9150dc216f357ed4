import { confirmationNeeded } from "@metacircular/mcdsl/commands/confirmation-needed.ts";

import type { Context } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { exitCodes } from "../output/exit-code.ts";

/** Asks on a terminal whether to go on; without one, `yes` must have been given.
 * @returns whether to go on; where not, the exit code is set
 * @throws DetailedError CONFIRMATION_NEEDED */
export async function confirmed(
  { invocation, output }: Context,
  question: string,
  yes: boolean,
): Promise<boolean> {
  if (yes) return true;
  if (invocation.stdin.isTTY !== true || invocation.stderr.isTTY !== true) {
    throw confirmationNeeded(question);
  }
  if (await answeredYes(invocation, question, false)) return true;
  output.say("nothing was done");
  invocation.exitCode = exitCodes.failed;
  return false;
}

/** Asks on the terminal. Return means `otherwise`. */
export async function answeredYes(
  { stdin, stderr, signal }: Invocation,
  question: string,
  otherwise: boolean,
): Promise<boolean> {
  const { default: confirm } = await import("@inquirer/confirm");
  return confirm({ message: question, default: otherwise }, { input: stdin, output: stderr, signal });
}
