import { type Command, CommanderError } from "@commander-js/extra-typings";
import { DetailedError, messageOf } from "../errors.ts";
import type { Terminal } from "./terminal.ts";

const done = 0;
const failed = 1;
const usage = 2;

/** Runs one command line of a service's program and returns the exit code: 0 done, 1 failed, 2 wrong usage or
 * configuration. */
export async function runProgram(
  program: Command,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  prepare(program, terminal);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return done;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? done : usage;
    terminal.say(`${program.name()}: ${describe(thrown)}`);
    return isUsage(thrown) ? usage : failed;
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
  return `${messageOf(thrown)}${code}`;
}
