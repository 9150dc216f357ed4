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
    const leftMs = () => dueMs - clock.now();
    // More than that is left only where the clock was set back.
    while (leftMs() > 0 && leftMs() <= quietMs) await clock.sleep(leftMs(), signal);
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
