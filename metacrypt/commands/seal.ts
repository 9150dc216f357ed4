import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { SystemService } from "@metacircular/proto/gen/metacrypt/v1/system_pb.ts";
import type { CommandContext } from "./context.ts";
import { callServer, caOption, serverNameOption, serverOption, tokenFileOption } from "./remote.ts";

export function defineSeal(parent: Command, context: CommandContext): void {
  parent
    .command("seal")
    .summary("make the server forget all keys")
    .description("From then on it refuses everything until somebody unseals it. For administrators.")
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addOption(tokenFileOption())
    .addHelpText("after", examples("metacrypt seal --token-file ~/.config/mcp/token"))
    .action(async (options) => {
      await callServer(context, options, SystemService, (client) => client.seal({}));
      context.terminal.say("Sealed.");
    });
}
