import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { SystemService } from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import type { CommandContext } from "./context.ts";
import { callServer, caOption, serverNameOption, serverOption, tokenFileOption } from "./remote.ts";

export function defineRekey(parent: Command, context: CommandContext): void {
  parent
    .command("rekey")
    .summary("encrypt all records with a new barrier key")
    .description(
      "Makes a new barrier key and encrypts every record again, while the server serves. An interrupted change is " +
        "finished after the next unsealing. For administrators.",
    )
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("metacrypt rekey"))
    .action(async (options) => {
      const { keyVersion, records } = await callServer(context, options, SystemService, (client) =>
        client.rekey({}),
      );
      context.terminal.say(`Encrypted ${records} records with barrier key ${keyVersion}.`);
    });
}
