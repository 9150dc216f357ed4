import type { Stats } from "node:fs";
import { type Directory, kindOf } from "./directory.ts";
import { diskFull, fileError, type FileTask, pathRefused } from "./file-errors.ts";
import type { Place } from "./walk.ts";

/** Room that a push leaves on the disk, so that the node goes on working. A small file only has to fit, as it may
 * be the configuration that mends things. */
const reserveBytes = 64 * 1024 * 1024;
const smallFileBytes = 1024 * 1024;

/** Approves of a place: nothing is there, or a regular file, which is returned.
 * @throws DetailedError FILE_PATH_REFUSED */
export async function assertReplaceable(
  task: FileTask,
  { directory, name }: Place,
): Promise<Stats | undefined> {
  const existing = await directory.look(name);
  if (existing !== undefined && !existing.isFile()) throw pathRefused(task, name, kindOf(existing));
  return existing;
}

/** @throws DetailedError DISK_FULL where the announced size does not fit */
export async function assertFits(task: FileTask, directory: Directory, sizeBytes: number): Promise<void> {
  const leaveBytes = sizeBytes <= smallFileBytes ? smallFileBytes : reserveBytes;
  const freeBytes = await directory.freeBytes();
  if (freeBytes >= sizeBytes + leaveBytes) return;
  throw diskFull(
    task,
    `it has ${mebibytes(sizeBytes)}; ${mebibytes(freeBytes)} are free, of which ${mebibytes(leaveBytes)} must stay so`,
  );
}

/** @throws DetailedError FILE_MODE_INVALID */
export function assertModes(
  task: FileTask,
  { mode, newMode }: { mode: number | undefined; newMode: number },
): void {
  const wrong = [mode, newMode].find((each) => each !== undefined && (each & 0o777) !== each);
  if (wrong === undefined) return;
  throw fileError(task, {
    code: "FILE_MODE_INVALID",
    category: "invalid-argument",
    found: `permissions ${wrong.toString(8)} are not among 0 to 777; files are not made setuid, setgid or sticky`,
    remedy: "give permissions such as 0644 or 0600",
  });
}

/** Permissions of the file after a push. */
export function modeAfter(
  existing: Stats | undefined,
  { mode, newMode }: { mode: number | undefined; newMode: number },
): number {
  return mode ?? (existing === undefined ? newMode : existing.mode & 0o777);
}

function mebibytes(sizeBytes: number): string {
  return `${(sizeBytes / 1024 / 1024).toFixed(1)} MiB`;
}
