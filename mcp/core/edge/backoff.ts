/** How long after an attempt that left something pending the next one is made.
 * @param attempts how many have failed, at least 1 */
export function edgeDelayMs(attempts: number): number {
  return doubled(attempts, { firstMs: 1_000, longestMs: 60_000 });
}

/** As `edgeDelayMs`, for certificates. What was refused is refused again until somebody does something, and authorities
 * count failures.
 * @param codes why they are pending */
export function certificateDelayMs(attempts: number, codes: readonly string[]): number {
  return codes.includes("ACME_REFUSED")
    ? doubled(attempts, { firstMs: 60_000, longestMs: 6 * 3_600_000 })
    : doubled(attempts, { firstMs: 1_000, longestMs: 15 * 60_000 });
}

function doubled(attempts: number, { firstMs, longestMs }: { firstMs: number; longestMs: number }): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(attempts - 1, 30));
}
