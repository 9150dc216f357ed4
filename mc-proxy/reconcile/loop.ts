import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";

/** What goes on until it is disposed. */
export interface Reconciliation extends AsyncDisposable {
  /** Something may have changed: look soon, not only when the interval is over. */
  nudge(): void;
}

/** Files are often written in pieces. */
const settleMs = 100;

/** Looks at once and then in intervals, and soon after each nudge. Each look brings files, store and data plane
 * together; one that fails is followed by the next all the same. */
export function startReconciliation(parts: {
  /** Reads files, and applies what has changed. */
  refresh: () => Promise<void>;
  /** Compares the data plane with what it was told, and repairs it. */
  check: (signal: AbortSignal) => Promise<void>;
  intervalMs: number;
  clock: Clock;
  logger: Logger;
}): Reconciliation {
  const { clock, logger } = parts;
  const over = new AbortController();
  let nudged = Promise.withResolvers<void>();
  let isFailing = false;

  async function look(): Promise<void> {
    try {
      await parts.refresh();
      isFailing = false;
    } catch (error) {
      if (!isFailing) logger.error({ error }, "the data plane does not take what is stored; trying again");
      isFailing = true;
    }
    await parts.check(over.signal);
  }

  async function waitForNext(): Promise<void> {
    const waiting = new AbortController();
    const signal = AbortSignal.any([waiting.signal, over.signal]);
    const interval = clock.sleep(parts.intervalMs, signal);
    interval.catch(() => {});
    try {
      await Promise.race([interval, nudged.promise.then(() => clock.sleep(settleMs, signal))]);
    } finally {
      waiting.abort();
      nudged = Promise.withResolvers<void>();
    }
  }

  async function run(): Promise<void> {
    while (!over.signal.aborted) {
      await look();
      await waitForNext().catch((error: unknown) => {
        if (!over.signal.aborted) throw error;
      });
    }
  }

  const running = run();
  return {
    nudge: () => nudged.resolve(),
    async [Symbol.asyncDispose]() {
      over.abort();
      await running;
    },
  };
}
