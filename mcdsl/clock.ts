import { setTimeout as sleep } from "node:timers/promises";

/** The only source of time. Tests pass one they move by hand. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** Resolves after `durationMs`; rejects with the signal's reason when aborted. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** A timer that is set for longer fires at once. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(durationMs, signal) {
    try {
      for (let leftMs = durationMs; ; leftMs -= longestTimerMs) {
        await sleep(Math.min(leftMs, longestTimerMs), undefined, signal === undefined ? {} : { signal });
        if (leftMs <= longestTimerMs) return;
      }
    } catch (thrown) {
      signal?.throwIfAborted();
      throw thrown;
    }
  },
};
