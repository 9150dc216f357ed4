import type { Command } from "@commander-js/extra-typings";
import { defineSnapshotCommand } from "@metacircular/mcdsl/commands/snapshot-command.ts";
import { loadNameServerConfig } from "../config.ts";
import { migrations } from "../store/migrations.ts";
import { type CommandContext, configOption } from "./context.ts";

export function defineSnapshot(parent: Command, { terminal, environment, clock }: CommandContext): void {
  defineSnapshotCommand(parent, {
    program: "mcns",
    note: "The copy holds the TSIG keys: guard it like the original.",
    configOption: configOption(),
    load: (file) => loadNameServerConfig(file, environment),
    migrations,
    clock,
    out: (line) => terminal.out(line),
  });
}
