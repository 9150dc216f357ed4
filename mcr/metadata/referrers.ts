import type { Sql } from "@metacircular/mcdsl/sql/sql.ts";
import type { Digest } from "../digest.ts";
import type { PageRequest, Referrer } from "./metadata.ts";
import { digestOf, number, text } from "./rows.ts";

/** Of manifests whose annotations are read at once: each may have 4 MiB, and a list has many. */
const maxManifestBytes = 4 * 1024 * 1024;

/** Manifests of the repository whose subject it is, by digest. Fewer than were asked for where they are large, but one at
 * least: only an empty page is the end. */
export async function referrerPage(
  sql: Sql,
  repository: string,
  subject: Digest,
  { after, limit, artifactType }: PageRequest & { readonly artifactType?: string },
): Promise<readonly Referrer[]> {
  const filter = artifactType === undefined ? "" : "AND m.artifact_type = $5";
  const found = `FROM repository r JOIN manifest m ON m.repository_id = r.id
     WHERE r.name = $1 AND m.subject = $2 AND m.subject <> '' AND m.digest > $3 ${filter}
     ORDER BY m.digest LIMIT $4`;
  const values = (most: number) => [
    ...[repository, subject, after, most],
    ...(artifactType === undefined ? [] : [artifactType]),
  ];
  const sizes = await sql.query(`SELECT m.size_bytes ${found}`, values(limit));
  const rows = await sql.query(
    `SELECT m.digest, m.media_type, m.size_bytes, m.artifact_type, m.annotations ${found}`,
    values(countWithin(sizes.map((row) => number(row, "size_bytes")))),
  );
  return rows.map((row) => ({
    digest: digestOf(row),
    mediaType: text(row, "media_type"),
    sizeBytes: number(row, "size_bytes"),
    artifactType: text(row, "artifact_type"),
    annotations: JSON.parse(text(row, "annotations")) as Record<string, string>,
  }));
}

/** How many of the first may be read together. */
function countWithin(sizesBytes: readonly number[]): number {
  let sumBytes = 0;
  const tooLarge = sizesBytes.findIndex((sizeBytes) => (sumBytes += sizeBytes) > maxManifestBytes);
  return tooLarge === -1 ? sizesBytes.length : Math.max(tooLarge, 1);
}
