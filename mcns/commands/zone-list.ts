import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { ListZonesResponseSchema } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { type CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";

export function defineZoneList(parent: Command, context: CommandContext): void {
  parent
    .command("list")
    .summary("list the zones")
    .description("Lists all zones by name.")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcns zone list", "mcns zone list -o json"))
    .action(async (options) => {
      await withServer(context, options, async (server) => {
        const answer = await server.zones.listZones({});
        if (options.output === "json") {
          context.terminal.out(jsonText(ListZonesResponseSchema, answer));
          return;
        }
        const rows = answer.zones.map(({ name, serial, records, primary }) => [
          name,
          String(serial),
          String(records),
          primary,
        ]);
        for (const line of formatTable(["ZONE", "SERIAL", "RECORDS", "PRIMARY"], rows))
          context.terminal.out(line);
      });
    });
}
