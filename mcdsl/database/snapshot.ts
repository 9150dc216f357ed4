import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DetailedError } from "../errors.ts";
import { temporaryPathBeside } from "../files/write-atomic.ts";

const busyTimeoutMs = 30_000;

/** Writes a consistent copy of a database, also of one in use, to `destination` (mode 0600). The copy is
 * verified before it takes the name; an older file of that name is replaced. Blocks while it copies.
 * @throws DetailedError SNAPSHOT_FAILED; then `destination` is untouched and nothing is left behind */
export function snapshotDatabase(options: { file: string; destination: string }): void {
  const { file, destination } = options;
  const temporary = temporaryPathBeside(destination);
  try {
    closeSync(openSync(temporary, "wx", 0o600));
    copyInto(file, temporary);
    verify(temporary);
    syncPath(temporary);
    renameSync(temporary, destination);
    syncPath(dirname(destination));
  } catch (cause) {
    for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(temporary + suffix, { force: true });
    throw new DetailedError({
      code: "SNAPSHOT_FAILED",
      category: "failed-precondition",
      attempted: "write snapshot",
      subject: destination,
      found: `the copy of ${file} could not be made`,
      remedy: "check free space and permissions of the destination, and the database itself",
      cause,
    });
  }
}

function copyInto(file: string, temporary: string): void {
  using source = new DatabaseSync(file, { timeout: busyTimeoutMs, readOnly: true });
  source.prepare("VACUUM INTO ?").run(temporary);
}

function verify(file: string): void {
  using copy = new DatabaseSync(file, { readOnly: true });
  const result = copy.prepare("PRAGMA integrity_check").get()?.["integrity_check"];
  if (result !== "ok") throw new Error(`integrity check of the copy: ${String(result)}`);
}

function syncPath(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
