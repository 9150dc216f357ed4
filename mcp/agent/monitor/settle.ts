import type { Clock } from "@metacircular/mcdsl/clock.ts";

/** Returns a function that has `action` called once nobody has called it for `quietMs`. */
export function whenSettled(options: {
  clock: Clock;
  quietMs: number;
  action: () => void;
  signal: AbortSignal;
}): () => void {
  const { clock, quietMs, action, signal } = options;
  let dueMs = 0;
  let isWaiting = false;

  async function wait(): Promise<void> {
    while (clock.now() < dueMs) await clock.sleep(dueMs - clock.now(), signal);
    action();
  }

  return () => {
    dueMs = clock.now() + quietMs;
    if (isWaiting || signal.aborted) return;
    isWaiting = true;
    wait()
      // Only the signal ends the waiting early.
      .catch(() => undefined)
      .finally(() => {
        isWaiting = false;
      });
  };
}
