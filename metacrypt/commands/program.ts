import { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { defineVersionCommand } from "@metacircular/mcdsl/commands/version-command.ts";
import { defineAcme } from "./acme.ts";
import { defineAudit } from "./audit.ts";
import { defineCa } from "./ca.ts";
import type { CommandContext } from "./context.ts";
import { defineInit } from "./init.ts";
import { defineMount } from "./mount.ts";
import { definePolicy } from "./policy.ts";
import { defineProtect } from "./protect.ts";
import { defineRekey } from "./rekey.ts";
import { defineSeal } from "./seal.ts";
import { defineServer } from "./server.ts";
import { defineSnapshot } from "./snapshot.ts";
import { defineStatus } from "./status.ts";
import { defineUnseal } from "./unseal.ts";

/** The whole command line. `server`, `init` and `snapshot` work on the files of the service, all others ask the
 * running server. */
export function createProgram(context: CommandContext): Command {
  const program = new Command("metacrypt").description(
    "Certificates and secrets: sealed at rest, governed by policy, written down in an audit log.",
  );
  defineServer(program, context);
  defineInit(program, context);
  defineStatus(program, context);
  defineUnseal(program, context);
  defineSeal(program, context);
  defineProtect(program, context);
  defineRekey(program, context);
  defineMount(program, context);
  defineCa(program, context);
  defineAcme(program, context);
  definePolicy(program, context);
  defineAudit(program, context);
  defineSnapshot(program, context);
  const { version, terminal } = context;
  defineVersionCommand(program, { program: "metacrypt", version, terminal });
  return program.addHelpText(
    "after",
    examples("metacrypt server --config /srv/metacrypt/metacrypt.toml", "metacrypt status"),
  );
}
