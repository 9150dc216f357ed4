import { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { defineVersionCommand } from "@metacircular/mcdsl/commands/version-command.ts";
import manifest from "../package.json" with { type: "json" };
import type { CommandContext } from "./context.ts";
import { defineAudit } from "./audit.ts";
import { defineGc } from "./gc.ts";
import { defineImage } from "./image.ts";
import { defineImmutable } from "./immutable.ts";
import { definePolicy } from "./policy.ts";
import { defineQuota } from "./quota.ts";
import { defineRepository } from "./repository.ts";
import { defineRestore } from "./restore.ts";
import { defineRetention } from "./retention.ts";
import { defineSnapshot } from "./snapshot.ts";
import { defineStatus } from "./status.ts";
import { defineStorage } from "./storage.ts";
import { defineTag } from "./tag.ts";
import { defineServer } from "./server.ts";

/** The whole command line. All but `server`, `storage`, `snapshot` and `restore` talks to a server that runs, here or elsewhere. */
export function createProgram(context: CommandContext): Command {
  const { version } = manifest;
  const program = new Command("mcr").description(
    "The container registry: images, rules, garbage collection.",
  );
  defineServer(program, context, version);
  defineRepository(program, context);
  defineTag(program, context);
  defineImage(program, context);
  definePolicy(program, context);
  defineImmutable(program, context);
  defineQuota(program, context);
  defineRetention(program, context);
  defineGc(program, context);
  defineAudit(program, context);
  defineStatus(program, context);
  defineStorage(program, context);
  defineSnapshot(program, context);
  defineRestore(program, context);
  defineVersionCommand(program, { program: "mcr", version, terminal: context.terminal });
  return program.addHelpText(
    "after",
    examples("mcr server --config /srv/mcr/mcr.toml", "mcr repository list", "mcr gc run --dry-run"),
  );
}
