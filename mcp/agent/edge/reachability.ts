import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** Follows whether a service of the edge answers. */
export interface Reachability {
  /** Makes a call and notes whether it was answered, be it by a refusal. A service that answered moments ago and does
   * not now is probably being started again, so it is asked again for some seconds. */
  call<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
  /** As `call`, but asks only once. */
  callOnce<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** How long a service is waited for that answered last so long ago at most. */
const patienceMs = 5_000;
const retryMs = 250;

export function createReachability(clock: Clock): Reachability {
  let answeredAtMs = -Infinity;

  async function callOnce<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      const result = await work();
      answeredAtMs = clock.now();
      return result;
    } catch (error) {
      if (!isUnreachable(error)) answeredAtMs = clock.now();
      throw error;
    }
  }

  return {
    callOnce,
    async call(work, signal) {
      const deadlineMs = answeredAtMs + patienceMs;
      for (;;) {
        try {
          return await callOnce(work);
        } catch (error) {
          signal.throwIfAborted();
          if (!isUnreachable(error) || clock.now() + retryMs > deadlineMs) throw error;
          await clock.sleep(retryMs, signal);
        }
      }
    },
  };
}

/** The service did not answer, or not in time, or cannot work just now: the same request may succeed later. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof DetailedError && unreachable.has(error.category);
}

/** A token that is not accepted may be one that is about to be replaced, and says nothing about the request. */
const unreachable: ReadonlySet<DetailedError["category"]> = new Set([
  "unavailable",
  "deadline-exceeded",
  "resource-exhausted",
  "unauthenticated",
  "aborted",
]);
