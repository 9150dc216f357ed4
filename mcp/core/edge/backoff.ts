/** How long after an attempt that left something pending the next one is made. What was refused is refused again until
 * somebody does something, and authorities count failures.
 * @param attempts how many have failed, at least 1
 * @param codes why things are pending */
export function edgeDelayMs(attempts: number, codes: readonly string[]): number {
  const isRefused = codes.includes("ACME_REFUSED");
  const [firstMs, longestMs] = isRefused ? [60_000, 6 * 3_600_000] : [1_000, 60_000];
  return Math.min(longestMs, firstMs * 2 ** Math.min(attempts - 1, 30));
}
