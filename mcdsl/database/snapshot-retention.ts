/** A snapshot as its name and its directory entry tell. */
export interface Snapshot {
  readonly file: string;
  readonly takenAtMs: number;
  readonly sizeBytes: number;
  /** The database that a restore replaced, which may have been damaged. */
  readonly isReplaced: boolean;
}

export interface SnapshotRetention {
  /** How many of the newest are kept at most. */
  readonly keep: number;
  readonly keepForMs: number;
}

/** Which snapshots to delete: those beyond the newest `keep`, and those that are too old; never `verified`, the one
 * that is known to be whole.
 * @param snapshots newest first */
export function expiredSnapshots(
  snapshots: readonly Snapshot[],
  { keep, keepForMs }: SnapshotRetention,
  { verified, nowMs }: { verified: string; nowMs: number },
): Snapshot[] {
  return snapshots.filter(
    ({ file, takenAtMs }, index) => file !== verified && (index >= keep || nowMs - takenAtMs > keepForMs),
  );
}
