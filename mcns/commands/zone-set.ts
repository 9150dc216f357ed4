import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import type { CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";
import { zoneCommand, zoneFields } from "./zone-fields.ts";

export function defineZoneSet(parent: Command, context: CommandContext): void {
  zoneCommand(parent, { name: "set", needsPrimary: false })
    .summary("change the settings of a zone")
    .description('Changes what is given and leaves the rest. An empty list is "".')
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples(
        "mcns zone set example.org --notify 192.0.2.54 --transfer-keys secondary.example.org",
        "mcns zone set example.org --ttl 600",
      ),
    )
    .action(async (name, options) => {
      await withServer(context, options, async ({ zones }) => {
        const before = await zones.getZone({ name });
        const zone = await zones.updateZone({ zone: { ...before, ...zoneFields(options) } });
        context.terminal.say(`Zone ${zone.name} has serial number ${zone.serial}.`);
      });
    });
}
