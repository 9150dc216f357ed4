import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import type { CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";
import { zoneFields, zoneOptions } from "./zone-fields.ts";

export function defineZoneSet(parent: Command, context: CommandContext): void {
  parent
    .command("set")
    .summary("change the settings of a zone")
    .description("Changes what is given and leaves the rest.")
    .argument("<zone>")
    .addOption(zoneOptions.primary())
    .addOption(zoneOptions.contact())
    .addOption(zoneOptions.refresh())
    .addOption(zoneOptions.retry())
    .addOption(zoneOptions.expire())
    .addOption(zoneOptions.negativeTtl())
    .addOption(zoneOptions.ttl())
    .addOption(zoneOptions.notify())
    .addOption(zoneOptions.transferKeys())
    .addOption(zoneOptions.updateKeys())
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
