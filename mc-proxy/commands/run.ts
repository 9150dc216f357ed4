import { Command } from "@commander-js/extra-typings";
import type { CommandContext } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { runProgram } from "@metacircular/mcdsl/commands/run-program.ts";
import { defineVersionCommand } from "@metacircular/mcdsl/commands/version-command.ts";
import manifest from "../package.json" with { type: "json" };
import { defineServer } from "./server.ts";
import { defineSnapshot } from "./snapshot.ts";

/** Runs one command line and returns the exit code: 0 done, 1 failed, 2 wrong usage or configuration. */
export async function run(argv: readonly string[], context: CommandContext): Promise<number> {
  const program = new Command("mc-proxy").description(
    "The ingress of a node: routes, certificates and firewall for HAProxy. mcproxyctl manages a running one.",
  );
  defineServer(program, context);
  defineSnapshot(program, context);
  defineVersionCommand(program, { program: "mc-proxy", version: manifest.version, terminal: context });
  program.addHelpText(
    "after",
    examples("mc-proxy server --config /srv/mc-proxy/mc-proxy.toml", "mc-proxy snapshot"),
  );
  return runProgram(program, argv, context);
}
