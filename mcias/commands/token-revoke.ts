import type { Command } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type CommandContext, configOption, openAdministration } from "./context.ts";
import { operator } from "@metacircular/mcdsl/commands/context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

export function defineTokenRevoke(parent: Command, context: CommandContext): void {
  parent
    .command("revoke")
    .summary("revoke the token given on the standard input")
    .description(
      "Revokes an access or refresh token, read from the standard input so that it appears in no process list. " +
        "The login that it comes from ends with it.",
    )
    .addOption(configOption())
    .addHelpText("after", examples("mcias token revoke < leaked.token"))
    .action(async (options) => {
      using opened = openAdministration(context, options.config);
      const token = await context.terminal.readLine("the token");
      const target = await opened.stores.revoker.find(token);
      if (target === undefined) throw unknownToken();
      opened.stores.revoker.revoke(target, { actor: operator(), clientId: target.clientId });
      context.terminal.say(`Revoked a token of ${target.account}.`);
    });
}

function unknownToken(): DetailedError {
  return new DetailedError({
    code: "NO_SUCH_TOKEN",
    category: "not-found",
    attempted: "revoke token",
    found: "it is expired, incomplete, or not from here",
    remedy: "check that the whole token was given",
  });
}
