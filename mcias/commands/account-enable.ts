import type { Command } from "@commander-js/extra-typings";
import { type CommandContext, configOption, openAdministration } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

export function defineAccountEnable(parent: Command, context: CommandContext): void {
  parent
    .command("enable")
    .summary("enable an account again, or lift its lock")
    .description(
      "Enables a disabled account and lifts the lock that wrong passwords have put on it. Tokens that ended " +
        "when it was disabled stay ended: log in again, or issue new ones.",
    )
    .argument("<name>")
    .addOption(configOption())
    .addHelpText("after", examples("mcias account enable bob"))
    .action((name, options) => {
      using opened = openAdministration(context, options.config);
      opened.administration.enable(name);
      context.terminal.say(`Enabled ${name}.`);
    });
}
