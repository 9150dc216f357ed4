import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** Follows whether a service of the edge answers. */
export interface Reachability {
  /** Makes a call and notes whether it was answered, be it by a refusal. A service that answered moments ago and does
   * not now is probably being started again, so it is asked again for some seconds. One that let a call hang is not
   * asked for some seconds: of many calls only the first is held up. */
  call<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
  /** As `call`, but asks only once. */
  callOnce<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** How long a service is waited for that answered last so long ago at most. */
const patienceMs = 5_000;
const retryMs = 250;
/** How long a service that let a call hang is taken for one that still does. */
const hangsMs = 5_000;

export function createReachability(clock: Clock): Reachability {
  let answeredAtMs = -Infinity;
  let hung: { readonly error: DetailedError; readonly atMs: number } | undefined;

  /** The clock may have been set back since. */
  function isWithin(durationMs: number, sinceMs: number): boolean {
    const passedMs = clock.now() - sinceMs;
    return passedMs >= 0 && passedMs < durationMs;
  }

  async function callOnce<Result>(work: () => Promise<Result>): Promise<Result> {
    if (hung !== undefined && isWithin(hangsMs, hung.atMs)) throw hung.error;
    hung = undefined;
    try {
      const result = await work();
      answeredAtMs = clock.now();
      return result;
    } catch (error) {
      if (!isUnreachable(error)) answeredAtMs = clock.now();
      else if (error instanceof DetailedError && error.category === "deadline-exceeded") {
        hung = { error, atMs: clock.now() };
      }
      throw error;
    }
  }

  return {
    callOnce,
    async call(work, signal) {
      const isPatient = isWithin(patienceMs, answeredAtMs);
      const deadlineMs = answeredAtMs + patienceMs;
      for (let retries = 0; ; retries += 1) {
        try {
          return await callOnce(work);
        } catch (error) {
          signal.throwIfAborted();
          const isLast = retries >= patienceMs / retryMs || clock.now() + retryMs > deadlineMs;
          if (!isUnreachable(error) || !isPatient || isLast) throw error;
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
