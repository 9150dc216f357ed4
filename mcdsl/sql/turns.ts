import { DetailedError } from "../errors.ts";
import { unlessAborted } from "../unless-aborted.ts";

/** Lets one at a time through, in the order in which they came. */
export interface Turns {
  /** Runs `work` when everybody before it has ended.
   * @throws DetailedError DATABASE_BUSY where too many wait already; the signal's reason */
  take<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Resolves when nobody works or waits any more. */
  idle(): Promise<void>;
}

export function createTurns(options: { subject: string; maxWaiting: number }): Turns {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    async take(work, signal) {
      signal?.throwIfAborted();
      if (waiting >= options.maxWaiting) throw busy(options.subject, waiting);
      const before = last;
      const turn = Promise.withResolvers<void>();
      last = before.then(() => turn.promise);
      waiting += 1;
      try {
        await unlessAborted(before, signal);
      } catch (thrown) {
        turn.resolve();
        throw thrown;
      } finally {
        waiting -= 1;
      }
      try {
        return await work();
      } finally {
        turn.resolve();
      }
    },
    async idle() {
      await last;
    },
  };
}

function busy(subject: string, waiting: number): DetailedError {
  return new DetailedError({
    code: "DATABASE_BUSY",
    category: "unavailable",
    attempted: "change database",
    subject,
    found: `${waiting} changes wait for their turn already`,
    remedy: "try again in a moment; if it stays so, look at the load of the service and of its disk",
  });
}
