import { readFileSync } from "node:fs";
import { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
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
import { defineTag } from "./tag.ts";
import { defineServer } from "./server.ts";
import { defineVersion } from "./version.ts";

/** The whole command line. All but `server`, `snapshot` and `restore` talks to a server that runs, here or elsewhere. */
export function createProgram(context: CommandContext): Command {
  const version = readVersion();
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
  defineSnapshot(program, context);
  defineRestore(program, context);
  defineVersion(program, context, version);
  return program.addHelpText(
    "after",
    examples("mcr server --config /srv/mcr/mcr.toml", "mcr repository list", "mcr gc run --dry-run"),
  );
}

function readVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
