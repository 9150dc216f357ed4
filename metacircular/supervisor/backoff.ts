/** A program that ran this long was healthy: its next failure counts as the first. */
export const steadyMs = 60_000;

const firstDelayMs = 500;
const longestDelayMs = 30_000;

/** How long to wait before a program is started again after it failed so many times in a row. */
export function restartDelayMs(failures: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(failures - 1, 16));
}
