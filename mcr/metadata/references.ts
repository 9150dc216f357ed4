import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Sql } from "@metacircular/mcdsl/sql/sql.ts";
import type { ManifestPush } from "./metadata.ts";
import { chunks, placeholders, text } from "./rows.ts";

const rowsPerStatement = 100;

/** @throws DetailedError MANIFEST_BLOB_UNKNOWN where the repository lacks what the manifest points to */
export async function requireReferences(sql: Sql, repositoryId: number, push: ManifestPush): Promise<void> {
  const { mayLack = "nothing" } = push;
  const blobs = mayLack === "anything" ? [] : digestsOf(push, "blob");
  const manifests = mayLack === "nothing" ? digestsOf(push, "manifest") : [];
  const missing = [
    ...(await missingFrom(sql, "blob_link", repositoryId, blobs)),
    ...(await missingFrom(sql, "manifest", repositoryId, manifests)),
  ];
  if (missing.length === 0) return;
  throw new DetailedError({
    code: "MANIFEST_BLOB_UNKNOWN",
    category: "failed-precondition",
    attempted: "push manifest",
    subject: `${push.repository}@${push.digest}`,
    found: `the repository lacks ${missing.length === 1 ? missing[0] : `${missing.length} blobs or manifests`} that it points to`,
    remedy: "push them first, then the manifest",
    facts: { digests: missing.join(" ") },
  });
}

function digestsOf(push: ManifestPush, kind: "blob" | "manifest"): string[] {
  const digests = push.references.filter((one) => one.kind === kind).map(({ digest }) => digest);
  return [...new Set(digests)];
}

async function missingFrom(
  sql: Sql,
  table: "blob_link" | "manifest",
  repositoryId: number,
  digests: readonly string[],
): Promise<string[]> {
  const missing: string[] = [];
  for (const part of chunks(digests, rowsPerStatement)) {
    const rows = await sql.query(
      `SELECT digest FROM ${table} WHERE repository_id = $1 AND digest IN (${placeholders(part.length, 2)})`,
      [repositoryId, ...part],
    );
    const found = new Set(rows.map((row) => text(row, "digest")));
    missing.push(...part.filter((digest) => !found.has(digest)));
  }
  return missing;
}

/** Writes down what a new manifest points to, in its order. */
export async function storeReferences(sql: Sql, repositoryId: number, push: ManifestPush): Promise<void> {
  const columns = 7;
  const places = push.references.map((reference, place) => ({ ...reference, place }));
  for (const part of chunks(places, rowsPerStatement)) {
    const rows = part.map((_, index) => `(${placeholders(columns, 1 + index * columns)})`);
    await sql.execute(
      `INSERT INTO manifest_reference (repository_id, manifest, place, kind, digest, size_bytes, media_type)
       VALUES ${rows.join(", ")}`,
      part.flatMap(({ place, kind, digest, sizeBytes, mediaType }) => [
        repositoryId,
        push.digest,
        place,
        kind,
        digest,
        sizeBytes,
        mediaType,
      ]),
    );
  }
}
