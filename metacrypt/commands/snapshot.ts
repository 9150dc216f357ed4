import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { snapshotDirectoryOf, takeSnapshot } from "@metacircular/mcdsl/database/snapshot-directory.ts";
import { snapshotDatabase } from "@metacircular/mcdsl/database/snapshot.ts";
import { loadMetacryptConfig } from "../config.ts";
import { MIGRATIONS } from "../stores.ts";
import { type CommandContext, configOption } from "./context.ts";

export function defineSnapshot(parent: Command, context: CommandContext): void {
  parent
    .command("snapshot")
    .summary("copy the database, also while the server runs")
    .description(
      "Writes a verified copy of the database and prints its path. Without a file name it also deletes old ones\n" +
        "as [snapshot] in the configuration says. The copy is encrypted as the original is, and opens by what\n" +
        "opened that at the time.",
    )
    .argument("[file]", "default: metacrypt-<time>.db in [snapshot] directory")
    .addOption(configOption())
    .addHelpText("after", examples("metacrypt snapshot", "metacrypt snapshot /mnt/usb/metacrypt.db"))
    .action((file, options) => {
      const { database, snapshot } = loadMetacryptConfig(options.config, context.environment);
      if (file !== undefined) {
        snapshotDatabase({ file: database.path, destination: resolve(file), migrations: MIGRATIONS });
        context.terminal.out(resolve(file));
        return;
      }
      const directory = resolve(snapshotDirectoryOf(snapshot.directory, database.path));
      const into = { directory, prefix: "metacrypt", keep: snapshot.keep, keepForMs: snapshot.keep_for };
      const nowMs = context.clock.now();
      const written = takeSnapshot({ file: database.path, into, migrations: MIGRATIONS, nowMs });
      context.terminal.out(written.file);
    });
}
