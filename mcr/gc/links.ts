import type { Sql, SqlRow } from "@metacircular/mcdsl/sql/sql.ts";
import type { Digest } from "../digest.ts";
import { countIn } from "../metadata/repositories.ts";
import { chunks, digestOf, number, placeholders, text } from "../metadata/rows.ts";
import type { DeletedBlob } from "./blob-deletion.ts";
import type { CollectedRepository, Collection } from "./collection.ts";
import { pages } from "./scan.ts";

const linksAtATime = 100;

const isReferred = `CASE WHEN EXISTS (SELECT 1 FROM manifest_reference f
  WHERE f.repository_id = l.repository_id AND f.digest = l.digest AND f.kind = 'blob') THEN 1 ELSE 0 END AS referred`;

/** Removes what ties blobs to the repository that none of its manifests refers to, and whose lease is over.
 * @param released counts by blob how many ties went, or would go */
export async function collectLinks(
  collection: Collection,
  repository: CollectedRepository,
  released: Map<Digest, number>,
): Promise<void> {
  const { sql, signal } = collection;
  // What only manifests refer to that would go is still referred to when nothing really goes.
  const freed = collection.dryRun ? await freedBlobs(sql, repository, signal) : new Set<Digest>();
  const statement = `SELECT l.digest, l.size_bytes, l.leased_until_ms, ${isReferred} FROM blob_link l
    WHERE l.repository_id = $3 AND l.digest > $1 ORDER BY l.digest LIMIT $2`;
  for await (const rows of pages(sql, statement, { key: "digest", values: [repository.id], signal })) {
    const candidates = rows
      .filter((row) => isOver(collection, row) && (number(row, "referred") === 0 || freed.has(digestOf(row))))
      .map(linkOf);
    for (const part of chunks(candidates, linksAtATime)) {
      const went = collection.dryRun
        ? part
        : await sql.transaction((tx) => remove(collection, repository, tx, part), { signal });
      for (const { digest } of went) released.set(digest, (released.get(digest) ?? 0) + 1);
      await collection.removed(
        went.map(({ digest, sizeBytes }) => ({
          kind: "link",
          repository: repository.name,
          name: digest,
          sizeBytes,
        })),
      );
    }
  }
}

function isOver({ clock }: Collection, row: SqlRow): boolean {
  return number(row, "leased_until_ms") <= clock.now();
}

function linkOf(row: SqlRow): DeletedBlob {
  return { digest: digestOf(row), sizeBytes: number(row, "size_bytes") };
}

async function remove(
  collection: Collection,
  { id }: CollectedRepository,
  tx: Sql,
  links: readonly DeletedBlob[],
): Promise<readonly DeletedBlob[]> {
  const rows = await tx.query(
    `SELECT l.digest, l.size_bytes, l.leased_until_ms, ${isReferred} FROM blob_link l
     WHERE l.repository_id = $1 AND l.digest IN (${placeholders(links.length, 2)})`,
    [id, ...links.map(({ digest }) => digest)],
  );
  const still = rows.filter((row) => isOver(collection, row) && number(row, "referred") === 0).map(linkOf);
  if (still.length === 0) return [];
  const digests = still.map(({ digest }) => digest);
  await tx.execute(
    `DELETE FROM blob_link WHERE repository_id = $1 AND digest IN (${placeholders(digests.length, 2)})`,
    [id, ...digests],
  );
  await countIn(tx, id, { sizeBytes: -still.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) });
  return still;
}

/** Blobs that manifests refer to which would go, and no others of the repository. */
async function freedBlobs(
  sql: Sql,
  { id, gone }: CollectedRepository,
  signal: AbortSignal,
): Promise<Set<Digest>> {
  const freed = new Set<Digest>();
  for (const manifest of gone.manifests) {
    signal.throwIfAborted();
    const rows = await sql.query(
      `SELECT DISTINCT digest FROM manifest_reference
       WHERE repository_id = $1 AND manifest = $2 AND kind = 'blob'`,
      [id, manifest],
    );
    for (const row of rows) freed.add(digestOf(row));
  }
  const statement = `SELECT DISTINCT manifest FROM manifest_reference
    WHERE repository_id = $3 AND digest = $4 AND kind = 'blob' AND manifest > $1 ORDER BY manifest LIMIT $2`;
  for (const digest of freed) {
    for await (const rows of pages(sql, statement, { key: "manifest", values: [id, digest], signal })) {
      if (rows.every((row) => gone.manifests.has(text(row, "manifest") as Digest))) continue;
      freed.delete(digest);
      break;
    }
  }
  return freed;
}
