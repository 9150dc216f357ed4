import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";

import type { CommandModule } from "./command-entry.ts";
import type { Invocation } from "./invocation.ts";

const pending = new WeakMap<CommandUnknownOpts, () => Promise<CommandModule>>();

/** Remembers where the rest of a command comes from. */
export function defineLater(
  command: Command,
  load: () => Promise<CommandModule>,
  invocation: Invocation,
): void {
  pending.set(command, async () => {
    const module = await load();
    module.define(command, invocation);
    assumeNegatable(command);
    return module;
  });
}

/** Sets what an option such as `--no-build` takes away: the library did so before it knew the command's options. */
function assumeNegatable(command: CommandUnknownOpts): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (option.negate && command.getOptionValue(name) === undefined) {
      command.setOptionValueWithSource(name, true, "default");
    }
  }
}

/** Completes a command from its file, once. Groups are complete already.
 * @returns the file, where it was not loaded before */
export async function defineCommand(command: CommandUnknownOpts): Promise<CommandModule | undefined> {
  const define = pending.get(command);
  pending.delete(command);
  return define?.();
}
