import type { Clock } from "@metacircular/mcdsl/clock.ts";

/** Hands on what a source yields, and a sign of life whenever it is still for a while: who receives it must not take it
 * for dead. After a longer time without anything from the source there are no signs any more.
 * @param options.everyMs between two signs
 * @param options.limitMs how long a source that is still is vouched for */
export async function* withSignsOfLife<T, Result>(
  source: AsyncGenerator<T, Result>,
  options: { sign: T; everyMs: number; limitMs: number; clock: Clock },
): AsyncGenerator<T, Result> {
  const { sign, everyMs, limitMs, clock } = options;
  await using parts = source;
  for (;;) {
    const next = parts.next();
    for (let stillMs = 0; stillMs < limitMs; stillMs += everyMs) {
      if (await isFirst(next, everyMs, clock)) break;
      yield sign;
    }
    const { done, value } = await next;
    if (done === true) return value;
    yield value;
  }
}

async function isFirst(awaited: Promise<unknown>, timeMs: number, clock: Clock): Promise<boolean> {
  const over = new AbortController();
  try {
    const still = clock.sleep(timeMs, over.signal).then(
      () => false,
      () => true,
    );
    // A failure is for whoever awaits it.
    const settled = awaited.then(
      () => true,
      () => true,
    );
    return await Promise.race([settled, still]);
  } finally {
    over.abort();
  }
}
