import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import type { CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";

export function defineKeyRemove(parent: Command, context: CommandContext): void {
  parent
    .command("remove")
    .summary("remove a TSIG key")
    .description("Removes a key that no zone names any more.")
    .argument("<name>")
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcns key remove secondary.example.org"))
    .action(async (name, options) => {
      await withServer(context, options, async ({ keys }) => {
        await keys.deleteKey({ name });
        context.terminal.say(`Removed key ${name}.`);
      });
    });
}
