import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { snapshotDirectoryOf, takeSnapshot } from "@metacircular/mcdsl/database/snapshot-directory.ts";
import { snapshotDatabase } from "@metacircular/mcdsl/database/snapshot.ts";
import { loadNameServerConfig } from "../config.ts";
import { migrations } from "../store/migrations.ts";
import { type CommandContext, configOption } from "./context.ts";

export function defineSnapshot(parent: Command, context: CommandContext): void {
  parent
    .command("snapshot")
    .summary("copy the database, also while the server runs")
    .description(
      "Writes a verified copy of the database and prints its path. Without a file name it also deletes old ones\n" +
        "as [snapshot] in the configuration says. The copy holds the TSIG keys: guard it like the original.",
    )
    .argument("[file]", "default: mcns-<time>.db in [snapshot] directory")
    .addOption(configOption())
    .addHelpText("after", examples("mcns snapshot", "mcns snapshot /mnt/usb/mcns.db"))
    .action((file, options) => {
      const { database, snapshot } = loadNameServerConfig(options.config, context.environment);
      if (file !== undefined) {
        snapshotDatabase({ file: database.path, destination: resolve(file), migrations });
        context.terminal.out(resolve(file));
        return;
      }
      const directory = resolve(snapshotDirectoryOf(snapshot.directory, database.path));
      const into = { directory, prefix: "mcns", keep: snapshot.keep, keepForMs: snapshot.keep_for };
      const written = takeSnapshot({ file: database.path, into, migrations, nowMs: context.clock.now() });
      context.terminal.out(written.file);
    });
}
