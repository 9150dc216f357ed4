import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { snapshotDatabase } from "@metacircular/mcdsl/database/snapshot.ts";
import { loadIdentityConfig } from "../config.ts";
import { type CommandContext, configOption } from "./context.ts";
import { examples } from "./examples.ts";

export function defineSnapshot(parent: Command, context: CommandContext): void {
  parent
    .command("snapshot")
    .summary("copy the database, also while the server runs")
    .description(
      "Writes a consistent copy of the database and prints its path. The copy holds the signing keys: guard it\n" +
        "like the original.",
    )
    .argument("[file]", "default: backups/mcias-<time>.db beside the database")
    .addOption(configOption())
    .addHelpText("after", examples("mcias snapshot", "mcias snapshot /mnt/usb/mcias.db"))
    .action((file, options) => {
      const { database } = loadIdentityConfig(options.config, context.environment);
      const destination = resolve(file ?? defaultDestination(database.path, context.clock.now()));
      if (file === undefined) mkdirSync(dirname(destination), { recursive: true, mode: 0o700 });
      snapshotDatabase({ file: database.path, destination });
      context.terminal.out(destination);
    });
}

function defaultDestination(databaseFile: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return join(dirname(databaseFile), "backups", `mcias-${time}.db`);
}
