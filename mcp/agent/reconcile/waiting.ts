import type { Clock } from "@metacircular/mcdsl/clock.ts";

/** Waits for a time or for being woken, whichever comes first. */
export interface Waiting {
  /** Resolves at once where it was woken since the last time. `Infinity`: only when woken.
   * @throws the signal's reason once that aborts */
  until(timeMs: number): Promise<void>;
  wake(): void;
}

export function createWaiting(clock: Clock, signal: AbortSignal): Waiting {
  let woken = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => woken.resolve(), { once: true });
  return {
    wake: () => woken.resolve(),
    async until(timeMs) {
      const over = new AbortController();
      const asleep =
        timeMs === Infinity ? woken.promise : clock.sleep(Math.max(0, timeMs - clock.now()), over.signal);
      try {
        await Promise.race([asleep, woken.promise]);
      } finally {
        over.abort();
        // It was only wanted as long as nothing happened.
        await asleep.catch(() => undefined);
      }
      signal.throwIfAborted();
      woken = Promise.withResolvers();
    },
  };
}
