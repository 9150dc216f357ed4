import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { ZoneSchema } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { type CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";

export function defineZoneShow(parent: Command, context: CommandContext): void {
  parent
    .command("show")
    .summary("show the settings of a zone")
    .description("Shows a zone's settings; `mcns record list` shows its records.")
    .argument("<zone>")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcns zone show example.org"))
    .action(async (name, options) => {
      await withServer(context, options, async ({ zones }) => {
        const zone = await zones.getZone({ name });
        if (options.output === "json") {
          context.terminal.out(jsonText(ZoneSchema, zone));
          return;
        }
        const rows = [
          ["primary", zone.primary],
          ["contact", zone.contact],
          ["serial", String(zone.serial)],
          ["records", String(zone.records)],
          ["refresh", String(zone.refresh)],
          ["retry", String(zone.retry)],
          ["expire", String(zone.expire)],
          ["negative ttl", String(zone.negativeTtl)],
          ["default ttl", String(zone.defaultTtl)],
          ["notify", zone.notify.join(", ")],
          ["transfer keys", zone.transferKeys.join(", ")],
          ["update keys", zone.updateKeys.join(", ")],
        ];
        for (const line of formatTable(["zone", zone.name], rows)) context.terminal.out(line);
      });
    });
}
