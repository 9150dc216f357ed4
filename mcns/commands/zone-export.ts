import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import type { CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";

export function defineZoneExport(parent: Command, context: CommandContext): void {
  parent
    .command("export")
    .summary("print a zone as a zone file")
    .description("Prints the zone as a zone file that every name server reads.")
    .argument("<zone>")
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcns zone export example.org > db.example.org"))
    .action(async (name, options) => {
      await withServer(context, options, async ({ zones }) => {
        const { zoneFile } = await zones.exportZone({ name });
        context.terminal.out(zoneFile.trimEnd());
      });
    });
}
