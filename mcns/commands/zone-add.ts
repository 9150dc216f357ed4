import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import type { CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";
import { zoneCommand, zoneFields } from "./zone-fields.ts";

export function defineZoneAdd(parent: Command, context: CommandContext): void {
  zoneCommand(parent, { name: "add", needsPrimary: true })
    .summary("make a zone")
    .description("Makes a zone with an NS record of its primary server. Give that server an address, too.")
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples(
        "mcns zone add svc.example.org --primary ns1.svc.example.org --contact hostmaster@example.org",
        "mcns record add svc.example.org ns1 A 192.0.2.53",
      ),
    )
    .action(async (name, options) => {
      await withServer(context, options, async ({ zones }) => {
        const zone = await zones.createZone({ zone: { name, ...zoneFields(options) } });
        context.terminal.say(`Added zone ${zone.name} with serial number ${zone.serial}.`);
      });
    });
}
