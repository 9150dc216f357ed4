import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import type { CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";

const nothing = "There was nothing to remove.";

export function defineRecordRemove(parent: Command, context: CommandContext): void {
  parent
    .command("remove")
    .summary("remove the records of a name and type")
    .description("Removes all records of a name and type, or with data only that one.")
    .argument("<zone>")
    .argument("<name>", "relative to the zone; @ is the zone itself")
    .argument("<type>")
    .argument("[data]", "as `mcns record list` shows it")
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples("mcns record remove example.org www A", "mcns record remove example.org www A 192.0.2.7"),
    )
    .action(async (zone, name, type, data, options) => {
      await withServer(context, options, async ({ records }) => {
        if (data === undefined) {
          const { changed } = await records.replaceRecords({ zone, name, type });
          context.terminal.say(changed ? "Removed." : nothing);
          return;
        }
        const { records: found } = await records.listRecords({ zone, name, type });
        const unwanted = found.find((record) => record.data === data);
        if (unwanted !== undefined) await records.deleteRecord({ zone, id: unwanted.id });
        context.terminal.say(unwanted === undefined ? nothing : "Removed.");
      });
    });
}
