import { readFileSync } from "node:fs";
import { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import type { CommandContext } from "./context.ts";
import { defineServer } from "./server.ts";
import { defineVersion } from "./version.ts";

/** The whole command line. All but `server`, `snapshot` and `restore` talks to a server that runs, here or elsewhere. */
export function createProgram(context: CommandContext): Command {
  const version = readVersion();
  const program = new Command("mcr").description(
    "The container registry: images, rules, garbage collection.",
  );
  defineServer(program, context, version);
  defineVersion(program, context, version);
  return program.addHelpText("after", examples("mcr server --config /srv/mcr/mcr.toml"));
}

function readVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
