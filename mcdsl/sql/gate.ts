import { DetailedError } from "../errors.ts";
import { unlessAborted } from "../unless-aborted.ts";

/** Lets so many through at a time, in the order in which they came. */
export interface Gate {
  /** Runs `work` when there is room.
   * @throws DetailedError DATABASE_BUSY where too many wait already; the signal's reason */
  pass<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Resolves when nobody is inside any more, and nobody waits. */
  idle(): Promise<void>;
}

export function createGate(options: { subject: string; width: number; maxWaiting: number }): Gate {
  const { subject, width, maxWaiting } = options;
  const waiting = new Set<() => void>();
  const idle = new Set<() => void>();
  let inside = 0;

  function leave(): void {
    inside -= 1;
    const [next] = waiting;
    if (next !== undefined) {
      waiting.delete(next);
      inside += 1;
      next();
      return;
    }
    if (inside === 0) for (const done of idle) done();
  }

  async function enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (inside < width) {
      inside += 1;
      return;
    }
    if (waiting.size >= maxWaiting) throw busy(subject, waiting.size);
    const turn = Promise.withResolvers<void>();
    waiting.add(turn.resolve);
    try {
      await unlessAborted(turn.promise, signal);
    } catch (thrown) {
      // The turn may have come in the same moment; then somebody else has to have it.
      if (!waiting.delete(turn.resolve)) leave();
      throw thrown;
    }
  }

  return {
    async pass(work, signal) {
      await enter(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
    async idle() {
      if (inside === 0) return;
      const done = Promise.withResolvers<void>();
      idle.add(done.resolve);
      await done.promise;
    },
  };
}

function busy(subject: string, count: number): DetailedError {
  return new DetailedError({
    code: "DATABASE_BUSY",
    category: "unavailable",
    attempted: "use database",
    subject,
    found: `${count} others wait for their turn already`,
    remedy: "try again in a moment; if it stays so, look at the load of the service and of its disk",
  });
}
