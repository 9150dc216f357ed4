import { resolve } from "node:path";
import type { Command, Option } from "@commander-js/extra-typings";
import type { Clock } from "../clock.ts";
import type { SnapshotSettings } from "../config/snapshot-settings.ts";
import type { Migration } from "../database/migrate.ts";
import { snapshotDirectoryOf, takeSnapshot } from "../database/snapshot-directory.ts";
import { snapshotDatabase } from "../database/snapshot.ts";
import { examples } from "./examples.ts";

export interface SnapshotCommand {
  /** Of the program; copies are named after it. */
  readonly program: string;
  /** What whoever keeps the copies has to know, as a further sentence. */
  readonly note: string;
  readonly configOption: Option<"-c, --config <file>", undefined, string>;
  load(configFile: string): { database: { path: string }; snapshot: SnapshotSettings };
  readonly migrations: readonly Migration[];
  readonly clock: Pick<Clock, "now">;
  readonly out: (line: string) => void;
}

/** Adds the command `snapshot` to a program with one database. */
export function defineSnapshotCommand(parent: Command, about: SnapshotCommand): void {
  const { program, note, migrations, clock, out } = about;
  parent
    .command("snapshot")
    .summary("copy the database, also while the server runs")
    .description(
      "Writes a verified copy of the database and prints its path. Without a file name it also deletes old ones\n" +
        `as [snapshot] in the configuration says. ${note}`.trimEnd(),
    )
    .argument("[file]", `default: ${program}-<time>.db in [snapshot] directory`)
    .addOption(about.configOption)
    .addHelpText("after", examples(`${program} snapshot`, `${program} snapshot /mnt/usb/${program}.db`))
    .action((file, options) => {
      const { database, snapshot } = about.load(options.config);
      if (file !== undefined) {
        snapshotDatabase({ file: database.path, destination: resolve(file), migrations });
        out(resolve(file));
        return;
      }
      const directory = resolve(snapshotDirectoryOf(snapshot.directory, database.path));
      const into = { directory, prefix: program, keep: snapshot.keep, keepForMs: snapshot.keep_for };
      out(takeSnapshot({ file: database.path, into, migrations, nowMs: clock.now() }).file);
    });
}
