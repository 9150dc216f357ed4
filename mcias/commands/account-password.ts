import type { Command } from "@commander-js/extra-typings";
import { type CommandContext, configOption, openAdministration } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

export function defineAccountPassword(parent: Command, context: CommandContext): void {
  parent
    .command("password")
    .summary("set the password, or renew the client secret")
    .description(
      "Sets the password of a human account, lifts its lock and ends its logins. For a system account, prints " +
        "a new client secret once; the old one stops working, tokens keep working.",
    )
    .argument("<name>")
    .option("--password-stdin", "read the password from the first line of the standard input", false)
    .addOption(configOption())
    .addHelpText(
      "after",
      examples("mcias account password alice", "mcias account password mcp-agent > agent.secret"),
    )
    .action(async (name, options) => {
      using opened = openAdministration(context, options.config);
      const { terminal } = context;
      if (opened.stores.accounts.require(name).kind === "system") {
        const secret = opened.administration.renewSecret(name);
        terminal.say(`The new client secret of ${name}, shown only now:`);
        terminal.out(secret);
        return;
      }
      const password = options.passwordStdin
        ? await terminal.readLine("the password")
        : await terminal.askSecret(`New password for ${name}`, true);
      await opened.administration.setPassword(name, password);
      terminal.say(`Changed the password of ${name}.`);
    });
}
