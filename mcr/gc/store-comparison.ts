import type { Sql, SqlRow } from "@metacircular/mcdsl/sql/sql.ts";
import type { StoredBlob } from "../blobs/blob-store.ts";
import { digestOf, first, number, placeholders, text } from "../metadata/rows.ts";
import { deleteStrays } from "./blob-deletion.ts";
import type { Collection } from "./collection.ts";
import { createDigestSet, type DigestSet } from "./digest-set.ts";
import { pages } from "./scan.ts";

const blobsAtATime = 100;

/** Compares the store with the database. What the database does not know, since a crash came between the two, goes when it
 * was so for the grace time: by this database's own notes, since files are old at once for a database that was just restored
 * or made. What the store lacks or has in another size is reported, and nothing is forgotten about it. */
export async function compareStore(collection: Collection): Promise<void> {
  const { sql, blobs, clock, dryRun, signal } = collection;
  const seen = createDigestSet();
  const atMs = clock.now();
  let young = 0;
  for await (const part of batches(blobs.list(signal), blobsAtATime)) {
    signal.throwIfAborted();
    const sizes = await knownSizes(sql, part);
    for (const { digest, sizeBytes } of part) if (sizes.get(digest) === sizeBytes) seen.add(digest);
    const strays = part.filter(({ digest }) => !sizes.has(digest));
    if (strays.length > 0) young += await removeStrays(collection, strays, atMs);
  }
  if (young > 0) collection.strayed(young);
  // What is no stray any more, or gone.
  if (!dryRun) await sql.execute("DELETE FROM stray_blob WHERE listed_at_ms <> $1", [atMs]);
  await reportMissing(collection, seen);
}

async function* batches<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<readonly Item[]> {
  let part: Item[] = [];
  for await (const item of items) {
    if (part.push(item) < size) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

async function knownSizes(sql: Sql, listed: readonly StoredBlob[]): Promise<ReadonlyMap<string, number>> {
  const rows = await sql.query(
    `SELECT digest, size_bytes FROM blob WHERE digest IN (${placeholders(listed.length, 1)})`,
    listed.map(({ digest }) => digest),
  );
  return new Map(rows.map((row) => [text(row, "digest"), number(row, "size_bytes")]));
}

/** @returns how many of them stay for now */
async function removeStrays(
  collection: Collection,
  strays: readonly StoredBlob[],
  atMs: number,
): Promise<number> {
  const { sql, graceMs, dryRun, signal } = collection;
  if (!dryRun) await sql.transaction((tx) => noteStrays(tx, strays, atMs), { signal });
  const rows = await sql.query(
    `SELECT digest, seen_at_ms FROM stray_blob WHERE digest IN (${placeholders(strays.length, 1)})`,
    strays.map(({ digest }) => digest),
  );
  const seenAtMs = new Map(rows.map((row) => [text(row, "digest"), number(row, "seen_at_ms")]));
  const old = strays.filter(({ digest }) => atMs - (seenAtMs.get(digest) ?? atMs) >= graceMs);
  const { deleted, failures } = dryRun
    ? { deleted: old, failures: [] }
    : await deleteStrays(collection, old, signal);
  for (const failure of failures) collection.failed(failure);
  await collection.removed(
    deleted.map(({ digest, sizeBytes }) => ({ kind: "blob", repository: "", name: digest, sizeBytes })),
  );
  return strays.length - old.length;
}

/** Keeps when each was seen first; not after now, where the clock was set back. */
async function noteStrays(tx: Sql, strays: readonly StoredBlob[], atMs: number): Promise<void> {
  const rows = strays.map((_, index) => `($${index + 2}, CAST($1 AS BIGINT), CAST($1 AS BIGINT))`);
  await tx.execute(
    `INSERT INTO stray_blob (digest, seen_at_ms, listed_at_ms) VALUES ${rows.join(", ")}
     ON CONFLICT (digest) DO UPDATE SET listed_at_ms = excluded.listed_at_ms,
       seen_at_ms = CASE WHEN stray_blob.seen_at_ms > excluded.seen_at_ms THEN excluded.seen_at_ms
         ELSE stray_blob.seen_at_ms END`,
    [atMs, ...strays.map(({ digest }) => digest)],
  );
}

async function reportMissing(collection: Collection, seen: DigestSet): Promise<void> {
  const { sql, signal } = collection;
  const statement = `SELECT digest, size_bytes, generation FROM blob
    WHERE digest > $1 AND stored = 1 AND deleting_until_ms = 0 ORDER BY digest LIMIT $2`;
  for await (const rows of pages(sql, statement, { key: "digest", signal }))
    for (const row of rows) if (!seen.has(digestOf(row))) await reportIfMissing(collection, row);
}

/** It may have come, or gone, since the store was listed. */
async function reportIfMissing(collection: Collection, row: SqlRow): Promise<void> {
  const { sql, blobs, signal } = collection;
  const digest = digestOf(row);
  const found = await blobs.stat(digest, signal);
  if (found?.sizeBytes === number(row, "size_bytes")) return;
  const still = await first(
    sql,
    `SELECT MIN(r.name) AS holder FROM blob b LEFT JOIN blob_link l ON l.digest = b.digest
       LEFT JOIN repository r ON r.id = l.repository_id
     WHERE b.digest = $1 AND b.generation = $2 AND b.stored = 1 AND b.deleting_until_ms = 0 GROUP BY b.digest`,
    [digest, text(row, "generation")],
  );
  if (still === undefined) return;
  const holder = still["holder"] === null ? "" : text(still, "holder");
  await collection.removed([
    { kind: "missing-blob", repository: holder, name: digest, sizeBytes: number(row, "size_bytes") },
  ]);
}
