import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { type ControlContext, socketOption, withClient } from "../context.ts";

export function defineFirewallRemove(parent: Command, context: ControlContext): void {
  parent
    .command("remove")
    .summary("remove a firewall rule")
    .description("Removes a rule. One that is not there is success.")
    .argument("<id>", "as mcproxyctl firewall list shows it")
    .addOption(socketOption(context))
    .addHelpText("after", examples("mcproxyctl firewall remove office"))
    .action(async (id, options) => {
      const removed = await withClient(options.socket, (client, signal) =>
        client.removeFirewallRule(id, signal),
      );
      context.say(removed === undefined ? "there was none" : "removed");
    });
}
