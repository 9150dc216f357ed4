import type { Command } from "@commander-js/extra-typings";
import { issueSystemToken } from "../tokens/system-token.ts";
import { type CommandContext, configOption, openAdministration } from "./context.ts";
import { operator } from "@metacircular/mcdsl/commands/context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { formatTime } from "@metacircular/mcdsl/commands/table.ts";

export function defineTokenIssue(parent: Command, context: CommandContext): void {
  parent
    .command("issue")
    .summary("issue a long-lived token for a system account")
    .description(
      "Prints a new token for a system account, once. It lives as long as tokens.system_lifetime says " +
        "(365 days unless configured), or until it is revoked or its account disabled.",
    )
    .requiredOption("--system <name>", "the system account")
    .addOption(configOption())
    .addHelpText("after", examples("mcias token issue --system mcp-agent > mcp-agent.token"))
    .action(async (options) => {
      using opened = openAdministration(context, options.config);
      const { config, stores } = opened;
      const issued = await issueSystemToken(stores, {
        name: options.system,
        issuer: config.server.issuer,
        lifetimeMs: config.tokens.system_lifetime,
      });
      stores.audit.record({
        event: "token-issued",
        outcome: "ok",
        account: options.system,
        actor: operator(),
        detail: `long-lived, until ${formatTime(issued.expiresAtMs)}`,
      });
      context.terminal.say(`Token of ${options.system}, good until ${formatTime(issued.expiresAtMs)}:`);
      context.terminal.out(issued.token);
    });
}
