import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import type { CommandContext } from "./context.ts";

export function defineVersion(parent: Command, context: CommandContext): void {
  parent
    .command("version")
    .summary("print the version")
    .description("Prints the version of this program.")
    .addHelpText("after", examples("metacrypt version"))
    .action(() => {
      context.terminal.out(`metacrypt ${context.version}`);
    });
}
