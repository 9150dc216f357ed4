import { CommanderError, type Command } from "@commander-js/extra-typings";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { CommandContext } from "./context.ts";
import { createProgram } from "./program.ts";
import type { Terminal } from "./terminal.ts";

const DONE = 0;
const FAILED = 1;
const USAGE = 2;

/** Runs one command line and returns the exit code: 0 done, 1 failed, 2 wrong usage or configuration. */
export async function run(argv: readonly string[], context: CommandContext): Promise<number> {
  const program = createProgram(context);
  prepare(program, context.terminal);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return DONE;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? DONE : USAGE;
    context.terminal.say(describe(thrown));
    return isUsage(thrown) ? USAGE : FAILED;
  }
}

function isUsage(thrown: unknown): boolean {
  if (!(thrown instanceof DetailedError)) return false;
  return thrown.category === "invalid-argument" || thrown.code.startsWith("CONFIG_");
}

/** Lets errors of usage reach us, and makes each of them end with where to find help. */
function prepare(command: Command, terminal: Terminal): void {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => terminal.out(text.trimEnd()),
    writeErr: (text) => terminal.say(text.trimEnd()),
  });
  command.showHelpAfterError(`(see ${pathOf(command)} --help)`);
  for (const child of command.commands) prepare(child as Command, terminal);
}

function pathOf(command: Command): string {
  const { parent } = command;
  return parent === null ? command.name() : `${pathOf(parent as Command)} ${command.name()}`;
}

function describe(thrown: unknown): string {
  const code = thrown instanceof DetailedError ? ` [${thrown.code}]` : "";
  return `mcias: ${messageOf(thrown)}${code}`;
}
