import { setImmediate } from "node:timers/promises";
import type { Registry } from "../registry/registry.ts";

const batchSize = 500;
const revisionsKept = 100;

/** Deletes events, finished operations and recovered alerts older than `retentionMs`, and all but the newest 100 revisions of
 * each service. In small batches, between which everything else gets its turn. */
export async function prune(
  registry: Registry,
  { nowMs, retentionMs }: { nowMs: number; retentionMs: number },
  signal: AbortSignal,
): Promise<void> {
  const beforeMs = nowMs - retentionMs;
  for (const table of [registry.events, registry.operations, registry.alerts]) {
    while (!signal.aborted && table.prune(beforeMs, batchSize) === batchSize) await setImmediate();
  }
  if (!signal.aborted) registry.revisions.prune(revisionsKept);
}
