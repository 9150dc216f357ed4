import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { ListKeysResponseSchema } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";
import { type CommandContext } from "./context.ts";
import { caFileOption, serverOption, tokenFileOption, withServer } from "./remote.ts";

export function defineKeyList(parent: Command, context: CommandContext): void {
  parent
    .command("list")
    .summary("list the TSIG keys")
    .description("Lists the TSIG keys and the zones that name them, without their secrets.")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcns key list"))
    .action(async (options) => {
      await withServer(context, options, async (server) => {
        const answer = await server.keys.listKeys({});
        if (options.output === "json") {
          context.terminal.out(jsonText(ListKeysResponseSchema, answer));
          return;
        }
        const rows = answer.keys.map(({ name, algorithm, createdBy, zones }) => [
          name,
          algorithm,
          createdBy,
          zones.join(", "),
        ]);
        for (const line of formatTable(["KEY", "ALGORITHM", "BY", "ZONES"], rows)) context.terminal.out(line);
      });
    });
}
