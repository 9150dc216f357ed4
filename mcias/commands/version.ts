import type { Command } from "@commander-js/extra-typings";
import type { CommandContext } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

export function defineVersion(parent: Command, context: CommandContext, version: string): void {
  parent
    .command("version")
    .summary("print the version")
    .description("Prints the version of this program.")
    .addHelpText("after", examples("mcias version"))
    .action(() => {
      context.terminal.out(`mcias ${version}`);
    });
}
