import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import type { CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";
import { zoneFields } from "./zone-fields.ts";

export function defineZoneAdd(parent: Command, context: CommandContext): void {
  parent
    .command("add")
    .summary("make a zone")
    .description("Makes a zone with an NS record of its primary server. Give that server an address, too.")
    .argument("<zone>", "such as example.org")
    .requiredOption("--primary <name>", "name of the primary server")
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
