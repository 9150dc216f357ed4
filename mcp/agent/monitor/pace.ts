import type { Clock } from "@metacircular/mcdsl/clock.ts";

/** Turns many causes for looking at the containers into few looks. */
export interface Pacer<Cause> {
  /** Looks soon. */
  request(cause: Cause): void;
  /** Works until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export const pace = {
  /** What comes within this time of the first cause is one look. */
  gatherMs: 20,
  /** So many looks may follow each other at once; a container that crashes for ever then gets one each
   * `refillMs`. */
  burst: 20,
  refillMs: 1_000,
};

/** @param look must not throw */
export function createPacer<Cause>(options: {
  clock: Clock;
  look: (causes: ReadonlySet<Cause>) => Promise<void>;
}): Pacer<Cause> {
  const { clock, look } = options;
  let causes = new Set<Cause>();
  let wake = Promise.withResolvers<void>();
  let looksLeft = pace.burst;
  let refilledAtMs = clock.now();

  function refill(): void {
    // A clock that was set back earns nothing, and takes nothing away.
    refilledAtMs = Math.min(refilledAtMs, clock.now());
    const earned = Math.floor((clock.now() - refilledAtMs) / pace.refillMs);
    looksLeft = Math.min(pace.burst, looksLeft + earned);
    refilledAtMs += earned * pace.refillMs;
  }

  return {
    request(cause) {
      causes.add(cause);
      wake.resolve();
    },
    async run(signal) {
      signal.addEventListener("abort", () => wake.resolve(), { once: true });
      for (;;) {
        await wake.promise;
        signal.throwIfAborted();
        await clock.sleep(pace.gatherMs, signal);
        refill();
        while (looksLeft === 0) {
          await clock.sleep(pace.refillMs, signal);
          refill();
        }
        looksLeft -= 1;
        const taken = causes;
        causes = new Set();
        wake = Promise.withResolvers();
        await look(taken);
      }
    },
  };
}
