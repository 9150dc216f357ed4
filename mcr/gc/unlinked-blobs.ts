import type { SqlRow } from "@metacircular/mcdsl/sql/sql.ts";
import type { Digest } from "../digest.ts";
import { chunks, digestOf, first, number } from "../metadata/rows.ts";
import { type DeletedBlob, deleteBlobs, lastPossibleMarkMs } from "./blob-deletion.ts";
import type { Collection } from "./collection.ts";
import { pages } from "./scan.ts";

const blobsAtATime = 50;

/** Deletes the blobs that no repository links and nobody leases, and ends the deletions that a crash interrupted.
 * @param released in a dry run: how many ties of each blob would have gone before */
export async function collectUnlinkedBlobs(
  collection: Collection,
  released: ReadonlyMap<Digest, number>,
): Promise<void> {
  const { sql, signal } = collection;
  const statement = `SELECT b.digest, b.size_bytes, b.stored, b.leased_until_ms, b.deleting_until_ms,
      CASE WHEN EXISTS (SELECT 1 FROM blob_link l WHERE l.digest = b.digest) THEN 1 ELSE 0 END AS linked
    FROM blob b WHERE b.digest > $1 ORDER BY b.digest LIMIT $2`;
  for await (const rows of pages(sql, statement, { key: "digest", signal })) {
    const candidates: SqlRow[] = [];
    for (const row of rows) if (await isGarbage(collection, row, released)) candidates.push(row);
    for (const part of chunks(candidates, blobsAtATime)) await remove(collection, part);
  }
}

async function isGarbage(
  { clock, sql, dryRun, deletionMs }: Collection,
  row: SqlRow,
  released: ReadonlyMap<Digest, number>,
): Promise<boolean> {
  const nowMs = clock.now();
  const deletingUntilMs = number(row, "deleting_until_ms");
  const isBeingDeleted = deletingUntilMs > nowMs && deletingUntilMs <= lastPossibleMarkMs(nowMs, deletionMs);
  if (number(row, "leased_until_ms") > nowMs || isBeingDeleted) return false;
  if (number(row, "linked") === 0) return true;
  const digest = digestOf(row);
  const wouldGo = released.get(digest);
  if (!dryRun || wouldGo === undefined) return false;
  const links = await first(sql, "SELECT COUNT(*) AS links FROM blob_link WHERE digest = $1", [digest]);
  return links !== undefined && number(links, "links") <= wouldGo;
}

async function remove(collection: Collection, rows: readonly SqlRow[]): Promise<void> {
  // What was leased only may never have come into the store: then only its row goes, and nothing counts.
  const inStore = new Set<Digest>();
  for (const row of rows) {
    const digest = digestOf(row);
    const isThere =
      number(row, "stored") === 1 || (await collection.blobs.stat(digest, collection.signal)) !== undefined;
    if (isThere) inStore.add(digest);
  }
  const went = collection.dryRun
    ? rows.map((row): DeletedBlob => ({ digest: digestOf(row), sizeBytes: number(row, "size_bytes") }))
    : await removeNow(collection, rows);
  await collection.removed(
    went
      .filter(({ digest }) => inStore.has(digest))
      .map(({ digest, sizeBytes }) => ({ kind: "blob", repository: "", name: digest, sizeBytes })),
  );
}

async function removeNow(collection: Collection, rows: readonly SqlRow[]): Promise<readonly DeletedBlob[]> {
  const digests = rows.map((row) => digestOf(row));
  const { deleted, failures } = await deleteBlobs(collection, digests, collection.signal);
  for (const failure of failures) collection.failed(failure);
  return deleted;
}
