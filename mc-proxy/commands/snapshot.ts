import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { snapshotDirectoryOf, takeSnapshot } from "@metacircular/mcdsl/database/snapshot-directory.ts";
import { snapshotDatabase } from "@metacircular/mcdsl/database/snapshot.ts";
import { loadProxyConfig } from "../config.ts";
import { MIGRATIONS } from "../store/store.ts";
import { type CommandContext, configOption } from "./context.ts";
import { examples } from "./examples.ts";

export function defineSnapshot(parent: Command, context: CommandContext): void {
  parent
    .command("snapshot")
    .summary("copy the database, also while the server runs")
    .description(
      "Writes a verified copy of the database and prints its path. Without a file name it also deletes old ones\n" +
        "as [snapshot] in the configuration says.",
    )
    .argument("[file]", "default: mc-proxy-<time>.db in [snapshot] directory")
    .addOption(configOption())
    .addHelpText("after", examples("mc-proxy snapshot", "mc-proxy snapshot /mnt/usb/mc-proxy.db"))
    .action((file, options) => {
      const { database, snapshot } = loadProxyConfig(options.config, context.environment);
      if (file !== undefined) {
        snapshotDatabase({ file: database.path, destination: resolve(file), migrations: MIGRATIONS });
        context.out(resolve(file));
        return;
      }
      const directory = resolve(snapshotDirectoryOf(snapshot.directory, database.path));
      const into = { directory, prefix: "mc-proxy", keep: snapshot.keep, keepForMs: snapshot.keep_for };
      const nowMs = context.clock.now();
      context.out(takeSnapshot({ file: database.path, into, migrations: MIGRATIONS, nowMs }).file);
    });
}
