import type { Command } from "@commander-js/extra-typings";
import { outputOption } from "@metacircular/mcdsl/commands/output-option.ts";
import { FirewallAction, FirewallRuleSchema } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { Argument } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { parsePort } from "../arguments.ts";
import { type ControlContext, socketOption, withClient } from "../context.ts";
import { firewallTable } from "../output/firewall.ts";
import { messageJson, printJson } from "../output/json.ts";

export function defineFirewallAdd(parent: Command, context: ControlContext): void {
  parent
    .command("add")
    .summary("add a firewall rule, or replace it")
    .description(
      "Refuses connections from a network or a country, or lets them in although another rule refuses them.",
    )
    .addArgument(new Argument("<action>", "allow overrules deny").choices(["deny", "allow"] as const))
    .argument("<source>", "network, address, or two letters of a country")
    .option("--id <id>", "replaces the rule of this id; default: a new one", "")
    .option("-p, --port <port>", "public port; 0: all", parsePort, 0)
    .option("--comment <text>", "for people", "")
    .addOption(outputOption())
    .addOption(socketOption(context))
    .addHelpText(
      "after",
      examples(
        'mcproxyctl firewall add deny 203.0.113.0/24 --comment "scans"',
        "mcproxyctl firewall add allow 203.0.113.7",
        "mcproxyctl firewall add deny KP --port 443",
      ),
    )
    .action(async (action, source, options) => {
      const isCountry = /^[A-Za-z]{2}$/u.test(source);
      const rule = {
        id: options.id,
        action: action === "deny" ? FirewallAction.DENY : FirewallAction.ALLOW,
        source: isCountry
          ? ({ case: "country", value: source } as const)
          : ({ case: "cidr", value: source } as const),
        port: options.port,
        comment: options.comment,
      };
      const stored = await withClient(options.socket, (client, signal) =>
        client.addFirewallRule(rule, signal),
      );
      if (stored === undefined) return;
      if (options.output === "json") printJson(context.out, messageJson(FirewallRuleSchema, stored));
      else for (const line of firewallTable([stored])) context.out(line);
    });
}
