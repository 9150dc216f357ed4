import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DetailedError, messageOf } from "../errors.ts";
import { temporaryPathBeside } from "../files/write-atomic.ts";
import type { Migration } from "./migrate.ts";
import { verifySnapshot } from "./verify-snapshot.ts";

const busyTimeoutMs = 30_000;

/** Writes a consistent copy of a database, also of one in use, to `destination` (mode 0600, without free pages).
 * The copy is verified before it takes the name; an older file of that name is replaced. Blocks while it copies.
 * @throws DetailedError SNAPSHOT_FAILED; then `destination` is untouched and nothing is left behind */
export function snapshotDatabase(options: {
  file: string;
  destination: string;
  migrations: readonly Migration[];
}): void {
  const { file, destination, migrations } = options;
  const temporary = temporaryPathBeside(destination);
  try {
    // Who has it open would go on with a file that has no name any more.
    if ([realpathSync(file), realPath(file)].includes(realPath(destination)))
      throw new Error("that is the database itself");
    using source = new DatabaseSync(file, { timeout: busyTimeoutMs, readOnly: true });
    copyDatabase(source, temporary);
    verifySnapshot(temporary, migrations);
    syncPath(temporary);
    renameSync(temporary, destination);
    syncPath(dirname(destination));
  } catch (cause) {
    removeDatabase(temporary);
    throw new DetailedError({
      code: "SNAPSHOT_FAILED",
      category: "failed-precondition",
      attempted: "write snapshot",
      subject: destination,
      found: `the copy of ${file} could not be made: ${messageOf(cause)}`,
      remedy: "check free space and permissions of the destination, and the database itself",
      cause,
    });
  }
}

/** Of the name that a rename replaces: a link at its end is replaced itself. */
function realPath(path: string): string {
  return join(realpathSync(dirname(path)), basename(path));
}

/** Copies a database to a new file (mode 0600), with what is in its write-ahead log. */
export function copyDatabase(source: DatabaseSync, destination: string): void {
  closeSync(openSync(destination, "wx", 0o600));
  source.prepare("VACUUM INTO ?").run(destination);
}

/** Removes a database's file with all that SQLite keeps beside it, where they exist. */
export function removeDatabase(file: string): void {
  for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
}

/** Makes the content of a file, or the names in a directory, durable. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
