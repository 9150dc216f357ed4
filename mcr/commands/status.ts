import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { jsonText } from "@metacircular/mcdsl/commands/json-text.ts";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import { StatusSchema, StatusService } from "@metacircular/proto/gen/mcr/v1/operation_pb.ts";
import type { CommandContext } from "./context.ts";
import { callServer, caFileOption, serverOption, tokenFileOption } from "./remote.ts";
import { timeText } from "./time.ts";

export function defineStatus(parent: Command, context: CommandContext): void {
  parent
    .command("status")
    .summary("show how the registry is")
    .description("Shows what the registry holds, and in what.")
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(caFileOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("mcr status"))
    .action(async (options) => {
      const status = await callServer(context, options, StatusService, (client) => client.getStatus({}));
      const { terminal } = context;
      if (options.output === "json") return terminal.out(jsonText(StatusSchema, status));
      const { version, externalUrl, database, storage, repositories, manifests, tags, blobs, started } =
        status;
      terminal.out(`MCR ${version} at ${externalUrl}, since ${timeText(started)}`);
      terminal.out(`Database: ${database}; blobs: ${storage}`);
      terminal.out(`${repositories} repositories with ${tags} tags and ${manifests} manifests`);
      terminal.out(`${blobs} blobs, ${sizeText(Number(status.blobBytes))}`);
      terminal.out(`${status.uploadsInProgress} uploads in progress`);
      if (status.auditEntriesDropped > 0n) {
        terminal.out(`${status.auditEntriesDropped} audit entries could not be written`);
      }
    });
}
