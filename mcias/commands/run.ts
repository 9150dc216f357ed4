import { runProgram } from "@metacircular/mcdsl/commands/run-program.ts";
import type { CommandContext } from "./context.ts";
import { createProgram } from "./program.ts";

/** Runs one command line and returns the exit code: 0 done, 1 failed, 2 wrong usage or configuration. */
export async function run(argv: readonly string[], context: CommandContext): Promise<number> {
  return runProgram(createProgram(context), argv, context.terminal);
}
