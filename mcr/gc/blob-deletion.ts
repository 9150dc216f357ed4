import { randomUUID } from "node:crypto";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Sql, SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import type { Digest } from "../digest.ts";
import { digestOf, number, placeholders } from "../metadata/rows.ts";

/** What a deletion works with. */
export interface DeletionSite {
  readonly sql: SqlDatabase;
  readonly blobs: Pick<BlobStore, "delete">;
  readonly clock: Clock;
  /** How long a deletion may take from its mark to its end. */
  readonly deletionMs: number;
}

export interface DeletedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface Deletion {
  readonly deleted: readonly DeletedBlob[];
  /** What the store threw; those blobs stay marked, and the next collection tries them again. */
  readonly failures: readonly unknown[];
}

const filesAtATime = 8;
const possibleDeletions = 10;

/** A mark that ends later was made before the clock was set back, by a process that is gone: of those that live one
 * collects at a time. */
export function lastPossibleMarkMs(nowMs: number, deletionMs: number): number {
  return nowMs + possibleDeletions * deletionMs;
}

/** Deletes blobs from the store that no repository links and nobody leases; the others it leaves alone.
 *
 * 1. In one transaction each is marked as being deleted, until a time. From now on `leaseBlob` makes pushes wait, and
 *    nothing can link it.
 * 2. The file goes from the store, in half of that time or not at all.
 * 3. The row goes, unless it was taken over.
 *
 * A crash after 1 or 2 leaves a row with a mark whose time runs out: then the next push of the blob takes the row over,
 * forgets that the store may have it and stores it again, or the next collection repeats all steps. Since no file is
 * deleted in the second half of the time, none goes after its row was taken over.
 * @param candidates at most some hundreds
 * @param signal ends it between two files */
export async function deleteBlobs(
  site: DeletionSite,
  candidates: readonly Digest[],
  signal: AbortSignal,
): Promise<Deletion> {
  if (candidates.length === 0) return { deleted: [], failures: [] };
  const token = randomUUID();
  const markedAtMs = site.clock.now();
  const marked = await site.sql.transaction(
    (tx) => mark(tx, candidates, { token, nowMs: markedAtMs, untilMs: markedAtMs + site.deletionMs }),
    { signal },
  );
  return finishDeletion(site, { token, marked, markedAtMs }, signal);
}

/** Deletes files that the database does not know, by the same steps: a row that is being deleted keeps pushes away. */
export async function deleteStrays(
  site: DeletionSite,
  strays: readonly DeletedBlob[],
  signal: AbortSignal,
): Promise<Deletion> {
  if (strays.length === 0) return { deleted: [], failures: [] };
  const token = randomUUID();
  const markedAtMs = site.clock.now();
  const marked = await site.sql.transaction(
    (tx) => insertMarked(tx, strays, { token, untilMs: markedAtMs + site.deletionMs }),
    { signal },
  );
  return finishDeletion(site, { token, marked, markedAtMs }, signal);
}

async function mark(
  tx: Sql,
  candidates: readonly Digest[],
  { token, nowMs, untilMs }: { token: string; nowMs: number; untilMs: number },
): Promise<DeletedBlob[]> {
  const rows = await tx.query(
    `UPDATE blob SET deleting_by = $1, deleting_until_ms = $2
     WHERE digest IN (${placeholders(candidates.length, 5)}) AND leased_until_ms <= $3
       AND (deleting_until_ms <= $3 OR deleting_until_ms > $4)
       AND NOT EXISTS (SELECT 1 FROM blob_link l WHERE l.digest = blob.digest)
     RETURNING digest, size_bytes`,
    [token, untilMs, nowMs, lastPossibleMarkMs(nowMs, untilMs - nowMs), ...candidates],
  );
  return rows.map((row) => ({ digest: digestOf(row), sizeBytes: number(row, "size_bytes") }));
}

async function insertMarked(
  tx: Sql,
  strays: readonly DeletedBlob[],
  { token, untilMs }: { token: string; untilMs: number },
): Promise<DeletedBlob[]> {
  const marked: DeletedBlob[] = [];
  for (const stray of strays) {
    const made = await tx.execute(
      `INSERT INTO blob (digest, size_bytes, generation, stored, leased_until_ms, deleting_by, deleting_until_ms)
       VALUES ($1, $2, $3, 0, 0, $3, $4) ON CONFLICT (digest) DO NOTHING`,
      [stray.digest, stray.sizeBytes, token, untilMs],
    );
    if (made > 0) marked.push(stray);
  }
  return marked;
}

async function finishDeletion(
  site: DeletionSite,
  batch: { readonly token: string; readonly marked: readonly DeletedBlob[]; readonly markedAtMs: number },
  signal: AbortSignal,
): Promise<Deletion> {
  const { sql, blobs, clock, deletionMs } = site;
  const lastMomentMs = batch.markedAtMs + deletionMs / 2;
  const left = [...batch.marked];
  const gone: DeletedBlob[] = [];
  const failures: unknown[] = [];
  async function work(): Promise<void> {
    for (let blob = left.pop(); blob !== undefined; blob = left.pop()) {
      const nowMs = clock.now();
      const leftMs = lastMomentMs - nowMs;
      // By a clock that was set back nobody knows any more whose turn it is.
      if (leftMs <= 0 || nowMs < batch.markedAtMs || signal.aborted) return;
      try {
        await blobs.delete(blob.digest, AbortSignal.any([signal, AbortSignal.timeout(leftMs)]));
        gone.push(blob);
      } catch (error) {
        failures.push(error);
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(filesAtATime, left.length) }, work));
  if (gone.length > 0) {
    const digests = gone.map(({ digest }) => digest);
    await sql.transaction((tx) =>
      tx.execute(
        `DELETE FROM blob WHERE deleting_by = $1 AND digest IN (${placeholders(digests.length, 2)})`,
        [batch.token, ...digests],
      ),
    );
  }
  return { deleted: gone, failures };
}
