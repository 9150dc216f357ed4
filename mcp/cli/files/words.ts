/** Permissions as `chmod` takes them. */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** Enough of a sum to compare by eye; JSON has all of it. */
export function formatSha256(sha256: Uint8Array): string {
  return `${Buffer.from(sha256).toString("hex").slice(0, 16)}…`;
}
