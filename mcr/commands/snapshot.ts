import type { Command } from "@commander-js/extra-typings";
import { defineSnapshotCommand } from "@metacircular/mcdsl/commands/snapshot-command.ts";
import { databaseFileOf, loadRegistryConfig } from "../config.ts";
import { migrations } from "../metadata/migrations.ts";
import { type CommandContext, configOption } from "./context.ts";

export function defineSnapshot(parent: Command, { terminal, environment, clock }: CommandContext): void {
  defineSnapshotCommand(parent, {
    program: "mcr",
    note: 'Blobs are not in it: see "Backup" in docs/mcr.md. It holds the key of tokens: guard it like the original.',
    configOption: configOption(),
    load: (file) => {
      const config = loadRegistryConfig(file, environment);
      return { database: { path: databaseFileOf(config, "copy") }, snapshot: config.snapshot };
    },
    migrations,
    clock,
    out: (line) => terminal.out(line),
  });
}
