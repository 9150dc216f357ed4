import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { create } from "@bufbuild/protobuf";
import { ListRecordsResponseSchema, type Record } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { type CommandContext } from "./context.ts";
import { recordTable } from "./record-output.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";

export function defineRecordList(parent: Command, context: CommandContext): void {
  parent
    .command("list")
    .summary("list the records of a zone")
    .description("Lists records by name, type and data.")
    .argument("<zone>")
    .argument("[name]", "only those of this name; @ is the zone itself")
    .argument("[type]", "only those of this type")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText(
      "after",
      examples("mcns record list example.org", "mcns record list example.org www A -o json"),
    )
    .action(async (zone, name = "", type = "", options) => {
      await withServer(context, options, async (server) => {
        const records: Record[] = [];
        for (let pageToken = "", isMore = true; isMore; isMore = pageToken !== "") {
          const page = await server.records.listRecords({ zone, name, type, limit: 10_000, pageToken });
          records.push(...page.records);
          pageToken = page.nextPageToken;
        }
        if (options.output === "json") {
          context.terminal.out(
            jsonText(ListRecordsResponseSchema, create(ListRecordsResponseSchema, { records })),
          );
        } else for (const line of recordTable(records)) context.terminal.out(line);
      });
    });
}
