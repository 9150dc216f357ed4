import { CommanderError, type Command } from "@commander-js/extra-typings";
import { ConnectError } from "@connectrpc/connect";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { CommandContext } from "./context.ts";

const DONE = 0;
const FAILED = 1;
const USAGE = 2;

/** Runs one command line and returns the exit code: 0 done, 1 failed, 2 wrong usage or configuration. */
export async function parse(
  program: Command,
  argv: readonly string[],
  context: Pick<CommandContext, "out" | "say">,
): Promise<number> {
  prepare(program, context);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return DONE;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? DONE : USAGE;
    context.say(`${program.name()}: ${describe(thrown)}`);
    return isUsage(thrown) ? USAGE : FAILED;
  }
}

/** What came over the wire has told its causes itself. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof DetailedError)) return messageOf(thrown);
  const isFromWire = thrown.cause instanceof ConnectError;
  return `${isFromWire ? thrown.message : messageOf(thrown)} [${thrown.code}]`;
}

function isUsage(thrown: unknown): boolean {
  if (!(thrown instanceof DetailedError)) return false;
  return thrown.category === "invalid-argument" || thrown.code.startsWith("CONFIG_");
}

/** Lets errors of usage reach us, and makes each of them end with where to find help. */
function prepare(command: Command, context: Pick<CommandContext, "out" | "say">): void {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => context.out(text.trimEnd()),
    writeErr: (text) => context.say(text.trimEnd()),
  });
  command.showHelpAfterError(`(see ${pathOf(command)} --help)`);
  for (const child of command.commands) prepare(child as Command, context);
}

function pathOf(command: Command): string {
  const { parent } = command;
  return parent === null ? command.name() : `${pathOf(parent as Command)} ${command.name()}`;
}
