import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";

export function defineZoneRemove(parent: Command, context: CommandContext): void {
  parent
    .command("remove")
    .summary("remove a zone with all its records")
    .description("Removes a zone with all its records. `mcns zone export` saves them before.")
    .argument("<zone>")
    .option("-y, --yes", "yes, all of it", false)
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcns zone remove old.example.org --yes"))
    .action(async (name, options) => {
      if (!options.yes) throw notConfirmed(name);
      await withServer(context, options, async ({ zones }) => {
        const { records } = await zones.deleteZone({ name });
        context.terminal.say(`Removed zone ${name} with ${records} records.`);
      });
    });
}

function notConfirmed(zone: string): DetailedError {
  return new DetailedError({
    code: "CONFIRMATION_NEEDED",
    category: "invalid-argument",
    attempted: "remove zone",
    subject: zone,
    found: "it goes with all its records",
    remedy: "add --yes",
  });
}
