import type { Sql } from "@metacircular/mcdsl/sql/sql.ts";
import type { Digest } from "../digest.ts";
import type { Deletion, ManifestReference, PageRequest, Tag } from "./metadata.ts";
import { countIn, findRepository } from "./repositories.ts";
import { digestOf, first, number, text } from "./rows.ts";

async function tagDigest(sql: Sql, repositoryId: number, name: string): Promise<Digest | undefined> {
  const row = await first(sql, "SELECT digest FROM tag WHERE repository_id = $1 AND name = $2", [
    repositoryId,
    name,
  ]);
  return row === undefined ? undefined : digestOf(row);
}

/** What those of the tags stand for that exist. */
export async function tagDigests(
  sql: Sql,
  repositoryId: number,
  names: readonly string[],
): Promise<ReadonlyMap<string, Digest>> {
  const digests = new Map<string, Digest>();
  for (const name of names) {
    const digest = await tagDigest(sql, repositoryId, name);
    if (digest !== undefined) digests.set(name, digest);
  }
  return digests;
}

/** Lets a tag stand for a manifest, whether it is new or was there. */
export async function moveTag(
  sql: Sql,
  repositoryId: number,
  tag: {
    readonly name: string;
    readonly digest: Digest;
    readonly by: string;
    readonly nowMs: number;
    /** What it stands for until now; undefined: it is new. */
    readonly previous: Digest | undefined;
  },
): Promise<void> {
  await sql.execute(
    `INSERT INTO tag (repository_id, name, digest, updated_at_ms, updated_by) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (repository_id, name) DO UPDATE
     SET digest = excluded.digest, updated_at_ms = excluded.updated_at_ms, updated_by = excluded.updated_by`,
    [repositoryId, tag.name, tag.digest, tag.nowMs, tag.by],
  );
  if (tag.previous === undefined) await countIn(sql, repositoryId, { tags: 1 });
  else if (tag.previous !== tag.digest) await releaseManifest(sql, repositoryId, tag.previous, tag.nowMs);
}

/** Notes that a tag does not stand for the manifest any more. */
export async function releaseManifest(
  sql: Sql,
  repositoryId: number,
  digest: Digest,
  nowMs: number,
): Promise<void> {
  await sql.execute("UPDATE manifest SET released_at_ms = $3 WHERE repository_id = $1 AND digest = $2", [
    repositoryId,
    digest,
    nowMs,
  ]);
}

/** @returns what it stood for; undefined: there was none */
export async function deleteTag(
  sql: Sql,
  repository: string,
  name: string,
  nowMs: number,
): Promise<Digest | undefined> {
  const held = await findRepository(sql, repository);
  if (held === undefined) return undefined;
  const digest = await tagDigest(sql, held.id, name);
  if (digest === undefined) return undefined;
  await sql.execute("DELETE FROM tag WHERE repository_id = $1 AND name = $2", [held.id, name]);
  await countIn(sql, held.id, { tags: -1 });
  await releaseManifest(sql, held.id, digest, nowMs);
  return digest;
}

/** Asks about the tags whose images need the content, directly or by indexes.
 * @throws what `mayDelete` throws */
export async function requireDeletable(
  sql: Sql,
  repositoryId: number,
  { digest, kind }: Pick<ManifestReference, "digest" | "kind">,
  { mayDelete }: Pick<Deletion, "mayDelete">,
): Promise<void> {
  if (mayDelete === undefined) return;
  const tags = await sql.query(
    `WITH RECURSIVE needing (digest) AS (
       SELECT manifest FROM manifest_reference WHERE repository_id = $1 AND digest = $2 AND kind = $3
       UNION
       SELECT f.manifest FROM manifest_reference f JOIN needing n ON f.digest = n.digest
       WHERE f.repository_id = $1 AND f.kind = 'manifest')
     SELECT t.name, t.digest FROM needing n JOIN tag t ON t.repository_id = $1 AND t.digest = n.digest
     ORDER BY t.name`,
    [repositoryId, digest, kind],
  );
  for (const tag of tags) mayDelete(text(tag, "name"), digestOf(tag));
}

/** Undefined: there is no such repository. */
export async function tagPage(
  sql: Sql,
  repository: string,
  { after, limit }: PageRequest,
): Promise<readonly Tag[] | undefined> {
  const held = await findRepository(sql, repository);
  if (held === undefined) return undefined;
  const rows = await sql.query(
    `SELECT name, digest, updated_at_ms, updated_by, last_pull_at_ms FROM tag WHERE repository_id = $1 AND name > $2
     ORDER BY name LIMIT $3`,
    [held.id, after, limit],
  );
  return rows.map((row) => ({
    name: text(row, "name"),
    digest: digestOf(row),
    updatedAtMs: number(row, "updated_at_ms"),
    updatedBy: text(row, "updated_by"),
    lastPullAtMs: number(row, "last_pull_at_ms"),
  }));
}

export async function tagsOf(sql: Sql, repository: string, digest: Digest): Promise<readonly string[]> {
  const rows = await sql.query(
    `SELECT t.name FROM repository r JOIN tag t ON t.repository_id = r.id
     WHERE r.name = $1 AND t.digest = $2 ORDER BY t.name`,
    [repository, digest],
  );
  return rows.map((row) => text(row, "name"));
}
