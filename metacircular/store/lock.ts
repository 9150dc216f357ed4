import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DatabaseSync } from "node:sqlite";

/** An exclusive lock that the kernel holds for this process and takes back when the process ends, however it
 * ends. So it is never stale, no process id has to be trusted, and two can't get it at once. It is SQLite's
 * lock on an otherwise empty database: Node.js offers no lock on files by itself. */
export type Lock = Disposable;

/** Takes the lock; undefined when another process has it. */
export function takeLock(path: string): Lock | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Nothing is ever written, so no journal has to outlive the process either.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return database;
  } catch (thrown) {
    database.close();
    if (isBusy(thrown)) return undefined;
    throw thrown;
  }
}

const retryMs = 100;

/** Takes the lock, waiting up to `timeoutMs` for the other process; undefined when it did not release it. */
export async function waitForLock(path: string, timeoutMs: number, clock: Clock): Promise<Lock | undefined> {
  const deadline = clock.now() + timeoutMs;
  for (;;) {
    const lock = takeLock(path);
    if (lock !== undefined || clock.now() >= deadline) return lock;
    await clock.sleep(retryMs);
  }
}

/** Primary result code of SQLite for a lock that somebody else holds. */
const sqliteBusy = 5;

function isBusy(thrown: unknown): boolean {
  return thrown instanceof Error && "errcode" in thrown && thrown.errcode === sqliteBusy;
}
