import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import type { CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";
import { zoneFields } from "./zone-fields.ts";

export function defineZoneSet(parent: Command, context: CommandContext): void {
  parent
    .command("set")
    .summary("change the settings of a zone")
    .description('Changes what is given and leaves the rest. An empty list is "".')
    .argument("<zone>")
    .option("--primary <name>", "name of the primary server")
    .option("--contact <mailbox>", "who is responsible, such as hostmaster@example.org")
    .option("--refresh <seconds>", "how often secondaries look for changes")
    .option("--retry <seconds>", "how soon they look again when that failed")
    .option("--expire <seconds>", "how long they answer without having seen this server")
    .option("--negative-ttl <seconds>", "how long others remember that a name does not exist")
    .option("--ttl <seconds>", "how long others remember records that do not say")
    .option("--notify <addresses>", "secondaries to tell of changes, with commas between")
    .option("--transfer-keys <names>", "TSIG keys that may transfer it, with commas between")
    .option("--update-keys <names>", "TSIG keys that may update it, with commas between")
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
