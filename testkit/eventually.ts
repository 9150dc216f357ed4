import { setTimeout as sleep } from "node:timers/promises";

const intervalMs = 25;

/** Calls `attempt` until it stops throwing, and returns what it returned; after `withinMs` it throws what the
 * last attempt threw. The default is no measure of anything: it is far beyond what a slow and busy machine needs. */
export async function eventually<Result>(
  attempt: () => Result | Promise<Result>,
  withinMs = 90_000,
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
