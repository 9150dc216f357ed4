import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** Checks the pages of a database in a thread of its own, since that takes long with a large one.
 * @returns what is wrong, at most ten problems; empty: nothing
 * @throws what keeps it from being read; the signal's reason */
export async function integrityProblems(file: string, signal: AbortSignal): Promise<string[]> {
  const worker = new Worker(new URL("./integrity-worker.ts", import.meta.url), {
    workerData: file,
    resourceLimits: { maxOldGenerationSizeMb: 32 },
  });
  try {
    const [problems] = (await once(worker, "message", { signal })) as [string[]];
    return problems;
  } finally {
    // Not waited for: SQLite does not let itself be interrupted, and this thread has other things to do.
    void worker.terminate();
  }
}
