import {
  startOnTerminal as startProgramOnTerminal,
  type TerminalRun,
} from "@metacircular/testkit/terminal.ts";

export type { TerminalRun } from "@metacircular/testkit/terminal.ts";

/** Runs the real command line on a pseudo-terminal. */
export function startOnTerminal(argv: readonly string[], env: Readonly<Record<string, string>>): TerminalRun {
  return startProgramOnTerminal("mcp/cli/main.ts", argv, env);
}
