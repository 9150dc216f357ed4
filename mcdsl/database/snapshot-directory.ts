import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DetailedError, messageOf } from "../errors.ts";
import { systemCodeOf } from "../system-code.ts";
import type { Migration } from "./migrate.ts";
import { snapshotDatabase } from "./snapshot.ts";
import { expiredSnapshots, type Snapshot, type SnapshotRetention } from "./snapshot-retention.ts";

/** Where a program keeps snapshots of its database, and how many. */
export interface SnapshotDirectory extends SnapshotRetention {
  readonly directory: string;
  /** Names begin with it; what is named otherwise is somebody else's and never touched. */
  readonly prefix: string;
}

/** What a killed snapshot left is deleted when nobody can be working on it any more. */
const abandonedAfterMs = 3_600_000;

/** Takes a snapshot and then deletes those that are to be kept no longer. A snapshot that fails deletes nothing.
 * @throws DetailedError SNAPSHOT_FAILED, SNAPSHOT_NOT_DELETED (the new one exists then) */
export function takeSnapshot(options: {
  file: string;
  into: SnapshotDirectory;
  migrations: readonly Migration[];
  nowMs: number;
}): { file: string; kept: Snapshot[]; deleted: Snapshot[] } {
  const { file, into, migrations, nowMs } = options;
  const destination = snapshotPath(into, nowMs);
  makeDirectory(into.directory);
  snapshotDatabase({ file, destination, migrations });
  const snapshots = listSnapshots(into);
  const deleted = expiredSnapshots(snapshots, into, { verified: destination, nowMs });
  deleteAll(into.directory, [...deleted.map((snapshot) => snapshot.file), ...abandoned(into, nowMs)]);
  return { file: destination, kept: snapshots.filter((snapshot) => !deleted.includes(snapshot)), deleted };
}

/** Those in the directory, newest first; none where there is no directory. */
export function listSnapshots({ directory, prefix }: SnapshotDirectory): Snapshot[] {
  const pattern = new RegExp(
    String.raw`^${prefix}-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z(-replaced)?\.db$`,
    "u",
  );
  return namesIn(directory)
    .flatMap((name) => {
      const [, date, hour, minute, second, millisecond, replaced] = pattern.exec(name) ?? [];
      if (date === undefined) return [];
      const file = join(directory, name);
      const takenAtMs = Date.parse(`${date}T${hour}:${minute}:${second}.${millisecond}Z`);
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat === undefined || Number.isNaN(takenAtMs)) return [];
      return [{ file, takenAtMs, sizeBytes: stat.size, isReplaced: replaced !== undefined }];
    })
    .toSorted((a, b) => b.takenAtMs - a.takenAtMs);
}

/** Where a snapshot of this time belongs; `replaced`: of a database that a restore replaces. */
export function snapshotPath(
  { directory, prefix }: SnapshotDirectory,
  nowMs: number,
  { replaced = false } = {},
): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[:.]/gu, "-");
  return join(directory, `${prefix}-${time}${replaced ? "-replaced" : ""}.db`);
}

/** `backups/` beside the database, unless another directory is configured. */
export function snapshotDirectoryOf(configured: string, database: string): string {
  return configured === "" ? join(dirname(database), "backups") : configured;
}

/** @throws DetailedError SNAPSHOT_FAILED */
export function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new DetailedError({
      code: "SNAPSHOT_FAILED",
      category: "failed-precondition",
      attempted: "make the directory of snapshots",
      subject: directory,
      found: messageOf(cause),
      remedy: "check the permissions of the directory above it",
      cause,
    });
  }
}

function abandoned({ directory, prefix }: SnapshotDirectory, nowMs: number): string[] {
  return namesIn(directory)
    .filter((name) => name.startsWith(`.${prefix}-`) && /\.db\.[0-9a-f]{12}\.tmp(-\w+)?$/u.test(name))
    .map((name) => join(directory, name))
    .filter((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat !== undefined && nowMs - stat.mtimeMs > abandonedAfterMs;
    });
}

function deleteAll(directory: string, files: readonly string[]): void {
  const failures: string[] = [];
  for (const file of files) {
    try {
      for (const suffix of ["", "-wal"]) rmSync(file + suffix, { force: true });
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  if (failures.length === 0) return;
  throw new DetailedError({
    code: "SNAPSHOT_NOT_DELETED",
    category: "failed-precondition",
    attempted: "delete old snapshots in",
    subject: directory,
    found: failures.join("; "),
    remedy: "check the permissions of the directory; the new snapshot was written",
  });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return [];
    throw error;
  }
}
