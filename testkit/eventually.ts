import { setTimeout as sleep } from "node:timers/promises";

const intervalMs = 25;

/** Calls `attempt` until it stops throwing, and returns what it returned; after `withinMs` it throws what the
 * last attempt threw. */
export async function eventually<Result>(
  attempt: () => Result | Promise<Result>,
  withinMs = 15_000,
): Promise<Result> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
    }
    await sleep(intervalMs);
  }
}
