import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import { nearestWord } from "@metacircular/mcdsl/toml/nearest.ts";

import { defineCommand } from "../lazy-command.ts";

export function define(command: Command): void {
  command.argument("[command...]", "command to explain").action(async (names, _, self) => {
    let explained: CommandUnknownOpts = self.parent ?? self;
    for (const name of names) {
      const next: CommandUnknownOpts | undefined = explained.commands.find((each) => each.name() === name);
      if (next === undefined) explained.error(unknownCommand(name, explained));
      explained = next;
    }
    await defineCommand(explained);
    explained.outputHelp();
  });
}

function unknownCommand(name: string, parent: CommandUnknownOpts): string {
  const meant = nearestWord(
    name,
    parent.commands.map((each) => each.name()),
  );
  return `error: unknown command '${name}'${meant === undefined ? "" : `\n(Did you mean ${meant}?)`}`;
}
