import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Registry } from "../registry/registry.ts";

/** How long, and how much, is kept. */
export interface RetentionConfig {
  /** Of events, finished operations and recovered alerts. */
  readonly retentionMs: number;
  /** Of all components; the oldest go first. */
  readonly maxEvents: number;
}

const revisionsKept = 100;

/** Deletes events, finished operations and recovered alerts older than `retentionMs`, events beyond the newest
 * `maxEvents`, and all but the newest 100 revisions of each service. In small batches with pauses, so that nobody
 * waits for it, also where much has to go. Rejects with the signal's reason. */
export async function prune(
  registry: Registry,
  { retentionMs, maxEvents }: RetentionConfig,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  const beforeMs = clock.now() - retentionMs;
  await inBatches((limit) => registry.events.prune(beforeMs, limit), clock, signal);
  await inBatches((limit) => registry.events.trim(maxEvents, limit), clock, signal);
  await inBatches((limit) => registry.operations.prune(beforeMs, limit), clock, signal);
  await inBatches((limit) => registry.alerts.prune(beforeMs, limit), clock, signal);
  registry.revisions.prune(revisionsKept);
}

const largestBatch = 500;
const smallestBatch = 20;
/** A batch that takes longer is followed by smaller ones. */
const longBatchMs = 8;
const shortBatchMs = 4;
/** A pause is so many times as long as the batch before it. */
const pauseShare = 4;
const shortestPauseMs = 5;

/** @param remove deletes at most so many and returns how many it deleted */
async function inBatches(
  remove: (limit: number) => number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (let size = smallestBatch; ;) {
    const startedAtMs = clock.now();
    if (remove(size) < size) return;
    const tookMs = clock.now() - startedAtMs;
    if (tookMs > longBatchMs) size = Math.max(smallestBatch, Math.floor(size / 2));
    else if (tookMs < shortBatchMs) size = Math.min(largestBatch, size * 2);
    await clock.sleep(Math.max(shortestPauseMs, pauseShare * tookMs), signal);
  }
}
