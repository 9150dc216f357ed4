import type { Command } from "@commander-js/extra-typings";
import { type CommandContext, configOption, openAdministration } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

export function defineAccountDisable(parent: Command, context: CommandContext): void {
  parent
    .command("disable")
    .summary("disable an account and end its logins")
    .description("Disables an account. All its logins and tokens end at once, for good.")
    .argument("<name>")
    .addOption(configOption())
    .addHelpText("after", examples("mcias account disable bob"))
    .action((name, options) => {
      using opened = openAdministration(context, options.config);
      const ended = opened.administration.disable(name);
      context.terminal.say(`Disabled ${name}; living tokens ended: ${ended}.`);
    });
}
