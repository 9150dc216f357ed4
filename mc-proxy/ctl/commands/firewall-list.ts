import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { FirewallRuleSchema } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { type ControlContext, socketOption, withClient } from "../context.ts";
import { firewallTable } from "../output/firewall.ts";
import { messageJson, printJson } from "../output/json.ts";

export function defineFirewallList(parent: Command, context: ControlContext): void {
  parent
    .command("list")
    .summary("list the firewall rules")
    .description("Lists all firewall rules by id.")
    .addOption(outputOption())
    .addOption(socketOption(context))
    .addHelpText("after", examples("mcproxyctl firewall list", "mcproxyctl firewall list -o json"))
    .action(async (options) => {
      const rules = await withClient(options.socket, (client, signal) => client.listFirewallRules(signal));
      if (options.output === "json")
        printJson(
          context.out,
          rules.map((rule) => messageJson(FirewallRuleSchema, rule)),
        );
      else for (const line of firewallTable(rules)) context.out(line);
    });
}
