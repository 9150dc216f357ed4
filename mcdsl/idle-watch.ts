import type { Clock } from "./clock.ts";

/** Notices that nothing goes on any more. Disposing it ends the watch. */
export interface IdleWatch extends Disposable {
  /** Something went on. */
  touch(): void;
  /** While this work goes on, and at its end, it is not idle. */
  during<T>(work: Promise<T>): Promise<T>;
}

/** Calls `onIdle` once, when nothing went on for at least `idleMs` and at most twice that. */
export function watchIdle(clock: Clock, idleMs: number, onIdle: () => void): IdleWatch {
  const over = new AbortController();
  const seen = { busy: 0, events: 0 };
  async function watch(): Promise<void> {
    for (let before = -1; before !== seen.events || seen.busy > 0;) {
      before = seen.events;
      await clock.sleep(idleMs, over.signal);
    }
    onIdle();
  }
  // Ends with the reason of `over`.
  watch().catch(() => {});
  const touch = (): void => {
    seen.events += 1;
  };
  return {
    touch,
    async during(work) {
      seen.busy += 1;
      try {
        return await work;
      } finally {
        seen.busy -= 1;
        touch();
      }
    },
    [Symbol.dispose]: () => over.abort(),
  };
}
