import type { Command } from "@commander-js/extra-typings";
import { type CommandContext, configOption, openAdministration } from "./context.ts";
import { operator } from "@metacircular/mcdsl/commands/context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

export function defineKeyRotate(parent: Command, context: CommandContext): void {
  parent
    .command("rotate")
    .summary("replace the signing key now")
    .description(
      "Puts the next signing key to use at once, also in a running server, and publishes a new next one. " +
        "Tokens signed with the old key stay good. The server rotates by age on its own.",
    )
    .addOption(configOption())
    .addHelpText("after", examples("mcias key rotate"))
    .action(async (options) => {
      using opened = openAdministration(context, options.config);
      const { keys, audit } = opened.stores;
      const key = await keys.rotate();
      audit.record({ event: "key-rotated", outcome: "ok", actor: operator(), detail: key.kid });
      context.terminal.say(`Tokens are now signed with key ${key.kid}.`);
    });
}
