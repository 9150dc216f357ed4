import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "@metacircular/mcdsl/commands/examples.ts";
import { claimFile } from "@metacircular/mcdsl/database/claim.ts";
import { restoreDatabase } from "@metacircular/mcdsl/database/restore.ts";
import {
  makeDirectory,
  snapshotDirectoryOf,
  snapshotPath,
} from "@metacircular/mcdsl/database/snapshot-directory.ts";
import { loadNameServerConfig } from "../config.ts";
import { claimWords } from "../store/claim-words.ts";
import { migrations } from "../store/migrations.ts";
import { serialNumbersIn, startAnew } from "../store/start-anew.ts";
import { type CommandContext, configOption } from "./context.ts";

export function defineRestore(parent: Command, context: CommandContext): void {
  parent
    .command("restore")
    .summary("put a snapshot in the place of the database; stop the server first")
    .description(
      "The database as it was is kept beside the snapshots. Serial numbers go on, so that secondaries fetch the " +
        "zones as they are in the snapshot.",
    )
    .argument("<snapshot>", "a file that `mcns snapshot` wrote")
    .addOption(configOption())
    .addHelpText("after", examples("mcns restore /srv/mcns/backups/mcns-2026-01-31T04-00-00-000Z.db"))
    .action((snapshot, options) => {
      const config = loadNameServerConfig(options.config, context.environment);
      const file = config.database.path;
      using _ = claimFile(file, claimWords);
      const directory = resolve(snapshotDirectoryOf(config.snapshot.directory, file));
      makeDirectory(directory);
      const nowMs = context.clock.now();
      const into = {
        directory,
        prefix: "mcns",
        keep: config.snapshot.keep,
        keepForMs: config.snapshot.keep_for,
      };
      const aside = snapshotPath(into, nowMs, { replaced: true });
      const serials = serialNumbersIn(file);
      const { replaced } = restoreDatabase({
        file,
        snapshot: resolve(snapshot),
        aside,
        migrations,
        prepare: (database) => startAnew(database, serials, nowMs),
      });
      context.terminal.say(replaced === "none" ? "Restored." : `Restored. The database as it was: ${aside}`);
    });
}
