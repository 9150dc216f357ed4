import type { Command } from "@commander-js/extra-typings";
import { type CommandContext, configOption, openAdministration } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

export function defineRoleRevoke(parent: Command, context: CommandContext): void {
  parent
    .command("revoke")
    .summary("take a role away")
    .description("Takes a role away from an account. Works at once, also for living tokens.")
    .argument("<name>")
    .argument("<role>")
    .addOption(configOption())
    .addHelpText("after", examples("mcias role revoke alice admin"))
    .action((name, role, options) => {
      using opened = openAdministration(context, options.config);
      const changed = opened.administration.revokeRole(name, role);
      context.terminal.say(
        changed ? `${name} no longer has the role ${role}.` : `${name} did not have the role ${role}.`,
      );
    });
}
