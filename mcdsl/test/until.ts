import { setTimeout as sleep } from "node:timers/promises";

/** Waits until the condition holds; fails after 10 s. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const endMs = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`waited in vain until ${what}`);
    await sleep(5);
  }
}
