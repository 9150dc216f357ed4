import type { SqlRow } from "@metacircular/mcdsl/sql/sql.ts";
import type { StoredBlob } from "../blobs/blob-store.ts";
import { digestOf, first, number, placeholders, text } from "../metadata/rows.ts";
import { deleteStrays } from "./blob-deletion.ts";
import type { Collection } from "./collection.ts";
import { createDigestSet, type DigestSet } from "./digest-set.ts";
import { pages } from "./scan.ts";

const blobsAtATime = 100;

/** Compares the store with the database. What the database does not know, since a crash came between the two, goes after
 * the grace time; what the store lacks is reported, and nothing is forgotten about it. */
export async function compareStore(collection: Collection): Promise<void> {
  const seen = createDigestSet();
  let part: StoredBlob[] = [];
  for await (const blob of collection.blobs.list(collection.signal)) {
    collection.signal.throwIfAborted();
    seen.add(blob.digest);
    part.push(blob);
    if (part.length < blobsAtATime) continue;
    await removeStrays(collection, part);
    part = [];
  }
  await removeStrays(collection, part);
  await reportMissing(collection, seen);
}

async function removeStrays(collection: Collection, listed: readonly StoredBlob[]): Promise<void> {
  const { sql, clock, graceMs, signal } = collection;
  const old = listed.filter(({ storedAtMs }) => clock.now() - storedAtMs >= graceMs);
  if (old.length === 0) return;
  const rows = await sql.query(
    `SELECT digest FROM blob WHERE digest IN (${placeholders(old.length, 1)})`,
    old.map(({ digest }) => digest),
  );
  const known = new Set(rows.map((row) => text(row, "digest")));
  const strays = old.filter(({ digest }) => !known.has(digest));
  const { deleted, failures } = collection.dryRun
    ? { deleted: strays, failures: [] }
    : await deleteStrays(collection, strays, signal);
  for (const failure of failures) collection.failed(failure);
  await collection.removed(
    deleted.map(({ digest, sizeBytes }) => ({ kind: "blob", repository: "", name: digest, sizeBytes })),
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
  if ((await blobs.stat(digest, signal)) !== undefined) return;
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
