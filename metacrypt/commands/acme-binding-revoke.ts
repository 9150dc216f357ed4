import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { AcmeService } from "@metacircular/proto/gen/metacrypt/v1/acme_pb.ts";
import { caCommand } from "./ca-options.ts";
import type { CommandContext } from "./context.ts";
import { callServer } from "./remote.ts";

export function defineAcmeBindingRevoke(parent: Command, context: CommandContext): void {
  caCommand(parent, "revoke")
    .summary("revoke a binding and its accounts")
    .description(
      "Nobody can open an account with it any more, and those that were opened may do nothing any more.",
    )
    .argument("<key-id>")
    .addHelpText("after", examples("metacrypt acme binding revoke 0f6e1c2b3a4d5e6f708192a3b4c5d6e7"))
    .action(async (keyId, options) => {
      const { mount } = options;
      const { revokedAccounts } = await callServer(context, options, AcmeService, (client) =>
        client.revokeAcmeBinding({ mount, keyId }),
      );
      context.terminal.say(`Revoked ${keyId} and ${revokedAccounts} accounts.`);
    });
}
