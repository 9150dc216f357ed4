import type { Command } from "@commander-js/extra-typings";
import { defineSnapshotCommand } from "@metacircular/mcdsl/commands/snapshot-command.ts";
import { loadProxyConfig } from "../config.ts";
import { MIGRATIONS } from "../store/store.ts";
import { type CommandContext, configOption } from "./context.ts";

export function defineSnapshot(parent: Command, { out, environment, clock }: CommandContext): void {
  defineSnapshotCommand(parent, {
    program: "mc-proxy",
    note: "",
    configOption: configOption(),
    load: (file) => loadProxyConfig(file, environment),
    migrations: MIGRATIONS,
    clock,
    out,
  });
}
