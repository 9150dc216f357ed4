import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { snapshotDirectoryOf, takeSnapshot } from "@metacircular/mcdsl/database/snapshot-directory.ts";
import { snapshotDatabase } from "@metacircular/mcdsl/database/snapshot.ts";
import { loadIdentityConfig } from "../config.ts";
import { MIGRATIONS } from "../stores.ts";
import { type CommandContext, configOption } from "./context.ts";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";

export function defineSnapshot(parent: Command, context: CommandContext): void {
  parent
    .command("snapshot")
    .summary("copy the database, also while the server runs")
    .description(
      "Writes a verified copy of the database and prints its path. Without a file name it also deletes old ones\n" +
        "as [snapshot] in the configuration says. The copy holds the signing keys: guard it like the original.",
    )
    .argument("[file]", "default: mcias-<time>.db in [snapshot] directory")
    .addOption(configOption())
    .addHelpText("after", examples("mcias snapshot", "mcias snapshot /mnt/usb/mcias.db"))
    .action((file, options) => {
      const { database, snapshot } = loadIdentityConfig(options.config, context.environment);
      if (file !== undefined) {
        snapshotDatabase({ file: database.path, destination: resolve(file), migrations: MIGRATIONS });
        context.terminal.out(resolve(file));
        return;
      }
      const directory = resolve(snapshotDirectoryOf(snapshot.directory, database.path));
      const into = { directory, prefix: "mcias", keep: snapshot.keep, keepForMs: snapshot.keep_for };
      const nowMs = context.clock.now();
      const written = takeSnapshot({ file: database.path, into, migrations: MIGRATIONS, nowMs });
      context.terminal.out(written.file);
    });
}
