import { CommanderError } from "@commander-js/extra-typings";

import type { Invocation } from "./invocation.ts";
import { exitCodes } from "./output/exit-code.ts";
import { createProgram } from "./program.ts";

/** Runs one command line. Nothing is thrown: failures are explained on standard error.
 * @param argv without the program's name
 * @returns what to exit with */
export async function run(argv: readonly string[], invocation: Invocation): Promise<number> {
  const program = createProgram(invocation);
  try {
    await program.parseAsync(argv, { from: "user" });
    return invocation.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (invocation.signal.aborted || isPromptClosed(thrown)) return exitCodes.failed;
    const { reportError } = await import("./output/report.ts");
    return reportError(thrown, program, invocation);
  }
}

/** Ctrl-C at a question: the terminal is in raw mode then, and no signal comes. */
function isPromptClosed(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "ExitPromptError";
}
