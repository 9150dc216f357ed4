import type { Command } from "@commander-js/extra-typings";
import { defineSnapshotCommand } from "@metacircular/mcdsl/commands/snapshot-command.ts";
import { loadMetacryptConfig } from "../config.ts";
import { MIGRATIONS } from "../stores.ts";
import { type CommandContext, configOption } from "./context.ts";

export function defineSnapshot(parent: Command, { terminal, environment, clock }: CommandContext): void {
  defineSnapshotCommand(parent, {
    program: "metacrypt",
    note: "The copy is encrypted as the original is, and opens by what\nopened that at the time.",
    configOption: configOption(),
    load: (file) => loadMetacryptConfig(file, environment),
    migrations: MIGRATIONS,
    clock,
    out: (line) => terminal.out(line),
  });
}
