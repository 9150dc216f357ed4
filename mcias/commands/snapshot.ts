import type { Command } from "@commander-js/extra-typings";
import { defineSnapshotCommand } from "@metacircular/mcdsl/commands/snapshot-command.ts";
import { loadIdentityConfig } from "../config.ts";
import { MIGRATIONS } from "../stores.ts";
import { type CommandContext, configOption } from "./context.ts";

export function defineSnapshot(parent: Command, { terminal, environment, clock }: CommandContext): void {
  defineSnapshotCommand(parent, {
    program: "mcias",
    note: "The copy holds the signing keys: guard it like the original.",
    configOption: configOption(),
    load: (file) => loadIdentityConfig(file, environment),
    migrations: MIGRATIONS,
    clock,
    out: (line) => terminal.out(line),
  });
}
