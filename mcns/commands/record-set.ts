import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { ReplaceRecordsResponseSchema } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { type CommandContext } from "./context.ts";
import { recordTable } from "./record-output.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";
import { wholeNumber } from "./zone-fields.ts";

export function defineRecordSet(parent: Command, context: CommandContext): void {
  parent
    .command("set")
    .summary("make the records of a name and type exactly these")
    .description(
      "Makes the records of a name and type be exactly those given. Running it again changes nothing.",
    )
    .argument("<zone>")
    .argument("<name>", "relative to the zone; @ is the zone itself")
    .argument("<type>")
    .argument("<data...>", "as in a zone file, one argument for each record")
    .option("--ttl <seconds>", "default: that of the zone", "0")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcns record set example.org www A 192.0.2.7 192.0.2.8 --ttl 60"))
    .action(async (zone, name, type, data, options) => {
      const ttl = wholeNumber("--ttl", options.ttl);
      await withServer(context, options, async ({ records }) => {
        const answer = await records.replaceRecords({ zone, name, type, ttl, data });
        if (options.output === "json") {
          context.terminal.out(jsonText(ReplaceRecordsResponseSchema, answer));
          return;
        }
        for (const line of recordTable(answer.records)) context.terminal.out(line);
        if (!answer.changed) context.terminal.say("Nothing had to be changed.");
      });
    });
}
