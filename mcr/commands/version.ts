import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import type { CommandContext } from "./context.ts";

export function defineVersion(parent: Command, context: CommandContext, version: string): void {
  parent
    .command("version")
    .summary("print the version")
    .description("Prints the version of this program.")
    .addHelpText("after", examples("mcr version"))
    .action(() => {
      context.terminal.out(`mcr ${version}`);
    });
}
