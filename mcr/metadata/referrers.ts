import type { Sql } from "@metacircular/mcdsl/sql/sql.ts";
import type { Digest } from "../digest.ts";
import type { PageRequest, Referrer } from "./metadata.ts";
import { digestOf, number, text } from "./rows.ts";

/** Manifests of the repository whose subject it is, by digest. */
export async function referrerPage(
  sql: Sql,
  repository: string,
  subject: Digest,
  { after, limit, artifactType }: PageRequest & { readonly artifactType?: string },
): Promise<readonly Referrer[]> {
  const filter = artifactType === undefined ? "" : "AND m.artifact_type = $5";
  const rows = await sql.query(
    `SELECT m.digest, m.media_type, m.size_bytes, m.artifact_type, m.annotations
     FROM repository r JOIN manifest m ON m.repository_id = r.id
     WHERE r.name = $1 AND m.subject = $2 AND m.subject <> '' AND m.digest > $3 ${filter}
     ORDER BY m.digest LIMIT $4`,
    [repository, subject, after, limit, ...(artifactType === undefined ? [] : [artifactType])],
  );
  return rows.map((row) => ({
    digest: digestOf(row),
    mediaType: text(row, "media_type"),
    sizeBytes: number(row, "size_bytes"),
    artifactType: text(row, "artifact_type"),
    annotations: JSON.parse(text(row, "annotations")) as Record<string, string>,
  }));
}
