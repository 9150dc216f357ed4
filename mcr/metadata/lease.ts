import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import type { Digest } from "../digest.ts";
import { tryLease } from "./blobs.ts";
import type { BlobLease } from "./metadata.ts";

const firstPauseMs = 20;
const longestPauseMs = 500;

/** Leases a blob; waits while it is being deleted.
 * @throws DetailedError BLOB_BEING_DELETED after `waitMs`; the signal's reason */
export async function leaseBlob(
  leases: {
    readonly sql: SqlDatabase;
    readonly clock: Clock;
    readonly leaseMs: number;
    readonly waitMs: number;
    readonly newGeneration: () => string;
  },
  digest: Digest,
  sizeBytes: number,
  signal?: AbortSignal,
): Promise<BlobLease> {
  const { sql, clock, leaseMs, waitMs, newGeneration } = leases;
  const blob = { digest, sizeBytes, newGeneration: newGeneration() };
  const giveUpAtMs = clock.now() + waitMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const nowMs = clock.now();
    const times = { nowMs, untilMs: nowMs + leaseMs };
    const lease = await sql.transaction(
      (tx) => tryLease(tx, blob, times),
      signal === undefined ? {} : { signal },
    );
    if (lease !== undefined) return lease;
    if (nowMs >= giveUpAtMs) throw beingDeleted(digest);
    await clock.sleep(pauseMs, signal);
  }
}

function beingDeleted(digest: Digest): DetailedError {
  return new DetailedError({
    code: "BLOB_BEING_DELETED",
    category: "unavailable",
    attempted: "push blob",
    subject: digest,
    found: "garbage collection is deleting it, and has not ended in time",
    remedy: "try again in a minute",
  });
}
