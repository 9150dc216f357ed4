import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { RecordSchema } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { type CommandContext } from "./context.ts";
import { recordTable } from "./record-output.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";
import { wholeNumber } from "./zone-fields.ts";

export function defineRecordAdd(parent: Command, context: CommandContext): void {
  parent
    .command("add")
    .summary("add a record beside those that are there")
    .description(
      "Adds one record. `mcns record set` makes the records of a name and type be exactly those given.",
    )
    .argument("<zone>")
    .argument("<name>", "relative to the zone; @ is the zone itself")
    .argument("<type>", "A, AAAA, CNAME, MX, TXT, SRV, NS, CAA, PTR, HTTPS or SVCB")
    .argument("<data>", "as in a zone file, one argument")
    .option("--ttl <seconds>", "default: that of the zone", "0")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples(
        "mcns record add example.org www A 192.0.2.7",
        "mcns record add example.org @ MX '10 mail'",
        `mcns record add example.org @ TXT '"v=spf1 -all"' --ttl 3600`,
      ),
    )
    .action(async (zone, name, type, data, options) => {
      const ttl = wholeNumber("--ttl", options.ttl);
      await withServer(context, options, async ({ records }) => {
        const record = await records.createRecord({ zone, record: { name, type, data, ttl } });
        if (options.output === "json") context.terminal.out(jsonText(RecordSchema, record));
        else for (const line of recordTable([record])) context.terminal.out(line);
      });
    });
}
