import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";

import { defineCommand } from "../lazy-command.ts";

export function define(command: Command): void {
  command.argument("[command...]", "command to explain").action(async (names, _, self) => {
    let explained: CommandUnknownOpts = self.parent ?? self;
    for (const name of names) {
      const next: CommandUnknownOpts | undefined = explained.commands.find((each) => each.name() === name);
      if (next === undefined) explained.error(`error: unknown command '${name}'`);
      explained = next;
    }
    await defineCommand(explained);
    explained.outputHelp();
  });
}
