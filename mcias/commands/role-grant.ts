import type { Command } from "@commander-js/extra-typings";
import { type CommandContext, configOption, openAdministration } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

export function defineRoleGrant(parent: Command, context: CommandContext): void {
  parent
    .command("grant")
    .summary("give a human account a role")
    .description("Gives a human account a role: admin, user or guest. Works at once, also for living tokens.")
    .argument("<name>")
    .argument("<role>")
    .addOption(configOption())
    .addHelpText("after", examples("mcias role grant alice admin"))
    .action((name, role, options) => {
      using opened = openAdministration(context, options.config);
      const changed = opened.administration.grantRole(name, role);
      context.terminal.say(
        changed ? `${name} now has the role ${role}.` : `${name} had the role ${role} already.`,
      );
    });
}
