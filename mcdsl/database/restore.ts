import { constants, copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DetailedError, messageOf } from "../errors.ts";
import { temporaryPathBeside } from "../files/write-atomic.ts";
import type { Migration } from "./migrate.ts";
import { type Database, openDatabase } from "./open.ts";
import { copyDatabase, removeDatabase, snapshotDatabase, syncPath } from "./snapshot.ts";
import { openStill, verifySnapshot } from "./verify-snapshot.ts";

export interface Restored {
  /** Version of the snapshot's schema; the database has the newest. */
  readonly schemaVersion: number;
  /** Where the replaced database is now: a snapshot; `as-it-was`: its files, which are no database that this
   * program can use; `none`: there was none. */
  readonly replaced: "snapshot" | "as-it-was" | "none";
}

/** Puts a snapshot into a database's place. Nothing may have the database open. Whenever this is interrupted, the
 * file is either the old database or the new one, with no write-ahead log of the other.
 * @param options.aside where the replaced database is kept
 * @param options.prepare changes the new database before it takes its place
 * @throws DetailedError SNAPSHOT_INVALID, DATABASE_TOO_NEW, RESTORE_FAILED; then the old database is in its place */
export function restoreDatabase(options: {
  file: string;
  snapshot: string;
  aside: string;
  migrations: readonly Migration[];
  prepare: (database: Database) => void;
}): Restored {
  const { file, snapshot, aside, migrations, prepare } = options;
  const schemaVersion = verifySnapshot(snapshot, migrations);
  const temporary = temporaryPathBeside(file);
  try {
    copySnapshot(snapshot, temporary);
    {
      using database = openDatabase({ file: temporary, migrations });
      prepare(database);
      // One file, without a log beside it, so that one rename puts all of it in place.
      database.sql.exec("PRAGMA journal_mode = DELETE");
    }
    verifySnapshot(temporary, migrations);
    syncPath(temporary);
    const replaced = existsSync(file) ? keepAside(file, aside, migrations) : "none";
    // A log that is left would be taken for the new database's.
    for (const suffix of ["-wal", "-shm", "-journal"]) rmSync(file + suffix, { force: true });
    syncPath(dirname(file));
    renameSync(temporary, file);
    syncPath(dirname(file));
    return { schemaVersion, replaced };
  } catch (cause) {
    removeDatabase(temporary);
    throw new DetailedError({
      code: "RESTORE_FAILED",
      category: "failed-precondition",
      attempted: "restore",
      subject: file,
      found: messageOf(cause),
      remedy:
        "the database is as it was; check free space and permissions of its directory, and that nothing has it open",
      cause,
    });
  }
}

function copySnapshot(snapshot: string, temporary: string): void {
  using source = openStill(snapshot);
  copyDatabase(source, temporary);
}

function keepAside(file: string, aside: string, migrations: readonly Migration[]): "snapshot" | "as-it-was" {
  try {
    snapshotDatabase({ file, destination: aside, migrations });
  } catch (error) {
    if (isWhole(file, migrations)) throw error;
    copyAsItIs(file, aside);
    return "as-it-was";
  }
  using sql = new DatabaseSync(file);
  // Moves what is in the log into the file, and removes the log.
  sql.exec("PRAGMA journal_mode = DELETE");
  return "snapshot";
}

/** Whether it was not the database that kept it from being copied. */
function isWhole(file: string, migrations: readonly Migration[]): boolean {
  try {
    verifySnapshot(file, migrations);
    return true;
  } catch {
    return false;
  }
}

/** With the log, which belongs to it. */
function copyAsItIs(file: string, aside: string): void {
  try {
    for (const suffix of ["", "-wal"]) {
      if (!existsSync(file + suffix)) continue;
      copyFileSync(file + suffix, aside + suffix, constants.COPYFILE_EXCL);
      syncPath(aside + suffix);
    }
    syncPath(dirname(aside));
  } catch (error) {
    removeDatabase(aside);
    throw error;
  }
}
