import type { Sql, SqlRow } from "@metacircular/mcdsl/sql/sql.ts";
import type { Digest } from "../digest.ts";
import { digestOf, number, placeholders, text } from "../metadata/rows.ts";
import type { ManifestFacts } from "./retention.ts";

/** What a plan takes away before the manifests in question are judged; in the database it may be there still. */
export interface Overlay {
  readonly tags: ReadonlySet<string>;
  readonly manifests: ReadonlySet<Digest>;
  /** When what they kept was, or would be, released. */
  readonly atMs: number;
}

export interface JudgedManifest extends ManifestFacts {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export const manifestColumns = "digest, size_bytes, subject, pushed_at_ms, last_pull_at_ms, released_at_ms";

/** What retention asks about manifests of one repository.
 * @param rows with `manifestColumns`; at most some hundreds */
export async function factsOf(
  sql: Sql,
  repositoryId: number,
  rows: readonly SqlRow[],
  gone: Overlay,
): Promise<readonly JudgedManifest[]> {
  if (rows.length === 0) return [];
  const digests = rows.map((row) => text(row, "digest"));
  const among = (values: readonly string[]): string => placeholders(values.length, 2);
  const tags = await sql.query(
    `SELECT digest, name FROM tag WHERE repository_id = $1 AND digest IN (${among(digests)})`,
    [repositoryId, ...digests],
  );
  const indexes = await sql.query(
    `SELECT digest, manifest FROM manifest_reference
     WHERE repository_id = $1 AND kind = 'manifest' AND digest IN (${among(digests)})`,
    [repositoryId, ...digests],
  );
  const subjects = [...new Set(rows.map((row) => text(row, "subject")).filter((subject) => subject !== ""))];
  const found =
    subjects.length === 0
      ? []
      : await sql.query(
          `SELECT digest FROM manifest WHERE repository_id = $1 AND digest IN (${among(subjects)})`,
          [repositoryId, ...subjects],
        );
  const tagged = keepers(tags, "name", gone.tags);
  const included = keepers(indexes, "manifest", gone.manifests);
  const there = new Set(found.map((row) => digestOf(row)).filter((digest) => !gone.manifests.has(digest)));
  const subjectOf = (subject: string): ManifestFacts["subject"] => {
    if (subject === "") return "none";
    return there.has(subject as Digest) ? "there" : "gone";
  };
  return rows.map((row) => {
    const digest = digestOf(row);
    const subject = text(row, "subject");
    const isReleased =
      tagged.lost.has(digest) || included.lost.has(digest) || gone.manifests.has(subject as Digest);
    return {
      digest,
      sizeBytes: number(row, "size_bytes"),
      isTagged: tagged.kept.has(digest),
      isIncluded: included.kept.has(digest),
      subject: subjectOf(subject),
      pushedAtMs: number(row, "pushed_at_ms"),
      lastPullAtMs: number(row, "last_pull_at_ms"),
      releasedAtMs: isReleased ? gone.atMs : number(row, "released_at_ms"),
    };
  });
}

/** Which manifests something keeps, and which lose something that does. */
function keepers(
  rows: readonly SqlRow[],
  column: string,
  gone: ReadonlySet<string>,
): { kept: ReadonlySet<Digest>; lost: ReadonlySet<Digest> } {
  const [lost, kept] = [new Set<Digest>(), new Set<Digest>()];
  for (const row of rows) (gone.has(text(row, column)) ? lost : kept).add(digestOf(row));
  return { kept, lost };
}
