import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { GarbageCollector } from "./collector.ts";

/** By so much of the interval a run begins later than it is due, by chance: servers that started together do not all run
 * at the same time. */
const jitter = 0.1;
/** A server that was just started has other things to do first. */
const firstPauseMs = 60_000;
const recentRuns = 20;
/** After a run that failed, say for want of room on the disk, which it is there to make. */
const retryAfterMs = 3_600_000;

/** Runs the collector again and again, `intervalMs` from one begin to the next, whoever began it, also across restarts.
 * Ends when the signal is aborted. After a run that fails the next one comes within an hour, after one that did not come to
 * its end at once. */
export async function collectRegularly(
  collector: Pick<GarbageCollector, "run" | "runs">,
  options: {
    readonly intervalMs: number;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly signal: AbortSignal;
    readonly random?: () => number;
  },
): Promise<void> {
  const { intervalMs, clock, logger, signal, random = Math.random } = options;
  try {
    await clock.sleep(Math.min(firstPauseMs, intervalMs), signal);
    while (!signal.aborted) {
      try {
        const dueInMs = dueIn(await collector.runs(recentRuns), intervalMs, clock.now());
        const lateMs = random() * jitter * intervalMs;
        await clock.sleep(Math.max(0, dueInMs) + lateMs, signal);
        // Another server may have run meanwhile.
        if (dueIn(await collector.runs(recentRuns), intervalMs, clock.now()) > 0) continue;
        await collector.run({ dryRun: false, by: "schedule" }, signal);
      } catch (error) {
        signal.throwIfAborted();
        logger.warn({ error }, "the scheduled collection of garbage did not run");
        await clock.sleep(Math.min(firstPauseMs, intervalMs), signal);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

type PastRun = Awaited<ReturnType<GarbageCollector["runs"]>>[number];

/** In how many milliseconds a run is due. Of one that did not come to its end the rest is to be done soon. Where the last
 * one began after now, the clock was set back, and nobody knows when it was. */
function dueIn(runs: readonly PastRun[], intervalMs: number, nowMs: number): number {
  const last = runs.find(({ dryRun }) => !dryRun);
  if (last === undefined || last.state === "interrupted" || last.state === "cancelled") return 0;
  if (last.startedAtMs > nowMs) return 0;
  const afterMs = last.state === "failed" ? Math.min(retryAfterMs, intervalMs) : intervalMs;
  return last.startedAtMs + afterMs - nowMs;
}
