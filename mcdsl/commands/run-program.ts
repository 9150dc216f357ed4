import { type Command, CommanderError } from "@commander-js/extra-typings";
import { DetailedError, messageOf } from "../errors.ts";
import type { Terminal } from "./terminal.ts";

type Output = Pick<Terminal, "out" | "say">;

const done = 0;
const failed = 1;
const usage = 2;

/** Runs one command line of a service's program and returns the exit code: 0 done, 1 failed, 2 wrong usage or
 * configuration. */
export async function runProgram(
  program: Command,
  argv: readonly string[],
  terminal: Output,
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
function prepare(command: Command, terminal: Output): void {
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

/** What came over the wire has told its causes itself. The name tells it without loading the RPC library. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof DetailedError)) return messageOf(thrown);
  const isFromWire = thrown.cause instanceof Error && thrown.cause.name === "ConnectError";
  return `${isFromWire ? thrown.message : messageOf(thrown)} [${thrown.code}]`;
}
