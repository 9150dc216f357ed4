import { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { runProgram } from "@metacircular/mcdsl/commands/run-program.ts";
import { defineVersionCommand } from "@metacircular/mcdsl/commands/version-command.ts";
import manifest from "../package.json" with { type: "json" };
import { defineCertificatesReload } from "./commands/certificates-reload.ts";
import { defineDrain } from "./commands/drain.ts";
import { defineFirewallAdd } from "./commands/firewall-add.ts";
import { defineFirewallList } from "./commands/firewall-list.ts";
import { defineFirewallRemove } from "./commands/firewall-remove.ts";
import { defineMaintenance } from "./commands/maintenance.ts";
import { defineRouteAdd } from "./commands/route-add.ts";
import { defineRouteList } from "./commands/route-list.ts";
import { defineRouteRemove } from "./commands/route-remove.ts";
import { defineStatus } from "./commands/status.ts";
import type { ControlContext } from "./context.ts";

/** Runs one command line of mcproxyctl and returns the exit code: 0 done, 1 failed, 2 wrong usage or request. */
export async function runControl(argv: readonly string[], context: ControlContext): Promise<number> {
  return runProgram(createControlProgram(context), argv, context);
}

function createControlProgram(context: ControlContext): Command {
  const program = new Command("mcproxyctl").description("Manages a running mc-proxy by its admin socket.");
  defineStatus(program, context);

  const route = program.command("route").description("what goes where");
  defineRouteAdd(route, context);
  defineRouteRemove(route, context);
  defineRouteList(route, context);

  const certificates = program.command("certificates").description("certificates of l7 routes");
  defineCertificatesReload(certificates, context);

  defineDrain(program, context);

  const maintenance = program.command("maintenance").description("a page instead of the backend");
  defineMaintenance(maintenance, context, "on");
  defineMaintenance(maintenance, context, "off");

  const firewall = program.command("firewall").description("who may connect");
  defineFirewallAdd(firewall, context);
  defineFirewallRemove(firewall, context);
  defineFirewallList(firewall, context);

  defineVersionCommand(program, { program: "mcproxyctl", version: manifest.version, terminal: context });
  return program.addHelpText(
    "after",
    examples("mcproxyctl status", "mcproxyctl route add hello.example.org 127.0.0.1:8080"),
  );
}
