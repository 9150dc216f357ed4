import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Sql } from "@metacircular/mcdsl/sql/sql.ts";
import type { Digest } from "../digest.ts";
import type { Deletion, ManifestPush, ManifestReference, StoredManifest } from "./metadata.ts";
import { storeReferences, requireReferences } from "./references.ts";
import {
  countIn,
  findRepository,
  type RepositoryRow,
  requireQuota,
  requireRepository,
} from "./repositories.ts";
import { bytes, digestOf, first, number, text } from "./rows.ts";
import { moveTag, requireDeletable, tagDigests } from "./tags.ts";

/** Stores a manifest, and lets its tags stand for it. What was pushed before is pushed now: its time is renewed.
 * @throws DetailedError MANIFEST_BLOB_UNKNOWN, QUOTA_EXCEEDED, what `mayMove` throws */
export async function putManifest(
  sql: Sql,
  push: ManifestPush,
  nowMs: number,
): Promise<{ previous: ReadonlyMap<string, Digest>; created: boolean }> {
  const repository = await requireRepository(sql, push.repository, nowMs);
  await requireReferences(sql, repository.id, push);
  const tags = [...new Set(push.tags)];
  const previous = await tagDigests(sql, repository.id, tags);
  for (const [tag, from] of previous) if (from !== push.digest) push.mayMove?.(tag, from, push.digest);
  const created = await store(sql, repository, push, nowMs);
  for (const name of tags) {
    await moveTag(sql, repository.id, {
      name,
      digest: push.digest,
      by: push.by,
      nowMs,
      previous: previous.get(name),
    });
  }
  await sql.execute("UPDATE repository SET last_push_at_ms = $2 WHERE id = $1", [repository.id, nowMs]);
  return { previous, created };
}

async function store(
  sql: Sql,
  repository: RepositoryRow,
  push: ManifestPush,
  nowMs: number,
): Promise<boolean> {
  const again = await sql.execute(
    "UPDATE manifest SET pushed_at_ms = $3, pushed_by = $4 WHERE repository_id = $1 AND digest = $2",
    [repository.id, push.digest, nowMs, push.by],
  );
  if (again > 0) return false;
  const sizeBytes = push.content.byteLength;
  requireQuota(push.repository, repository, sizeBytes, push.quotaBytes);
  await sql.execute(
    `INSERT INTO manifest (repository_id, digest, media_type, artifact_type, subject, annotations, size_bytes,
       pushed_at_ms, pushed_by, content) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      repository.id,
      push.digest,
      push.mediaType,
      push.artifactType,
      push.subject ?? "",
      JSON.stringify(push.annotations),
      sizeBytes,
      nowMs,
      push.by,
      push.content,
    ],
  );
  await storeReferences(sql, repository.id, push);
  await countIn(sql, repository.id, { manifests: 1, sizeBytes });
  return true;
}

export async function findManifest(
  sql: Sql,
  repository: string,
  reference: Digest | { readonly tag: string },
): Promise<StoredManifest | undefined> {
  const columns = "m.digest, m.media_type, m.content, m.pushed_at_ms, m.pushed_by";
  const row =
    typeof reference === "string"
      ? await first(
          sql,
          `SELECT ${columns} FROM repository r JOIN manifest m ON m.repository_id = r.id
           WHERE r.name = $1 AND m.digest = $2`,
          [repository, reference],
        )
      : await first(
          sql,
          `SELECT ${columns} FROM repository r JOIN tag t ON t.repository_id = r.id
             JOIN manifest m ON m.repository_id = t.repository_id AND m.digest = t.digest
           WHERE r.name = $1 AND t.name = $2`,
          [repository, reference.tag],
        );
  if (row === undefined) return undefined;
  return {
    repository,
    digest: digestOf(row),
    mediaType: text(row, "media_type"),
    content: bytes(row, "content"),
    pushedAtMs: number(row, "pushed_at_ms"),
    pushedBy: text(row, "pushed_by"),
  };
}

/** Removes it with its tags. @returns the tags that went; undefined: there was none
 * @throws DetailedError MANIFEST_IN_USE, what `mayDelete` throws */
export async function deleteManifest(
  sql: Sql,
  repository: string,
  digest: Digest,
  options: Deletion & { readonly nowMs: number },
): Promise<readonly string[] | undefined> {
  const held = await findRepository(sql, repository);
  if (held === undefined) return undefined;
  const key = [held.id, digest];
  const row = await first(
    sql,
    "SELECT size_bytes FROM manifest WHERE repository_id = $1 AND digest = $2",
    key,
  );
  if (row === undefined) return undefined;
  const index = await first(
    sql,
    `SELECT manifest FROM manifest_reference
     WHERE repository_id = $1 AND digest = $2 AND kind = 'manifest' LIMIT 1`,
    key,
  );
  if (index !== undefined && options.evenIfInUse !== true)
    throw inUse(repository, digest, text(index, "manifest"));
  const rows = await sql.query(
    "SELECT name FROM tag WHERE repository_id = $1 AND digest = $2 ORDER BY name",
    key,
  );
  const tags = rows.map((tag) => text(tag, "name"));
  for (const tag of tags) options.mayDelete?.(tag, digest);
  if (index !== undefined) await requireDeletable(sql, held.id, { digest, kind: "manifest" }, options);
  await sql.execute("DELETE FROM tag WHERE repository_id = $1 AND digest = $2", key);
  await countIn(sql, held.id, { tags: -tags.length });
  await removeManifest(sql, held.id, { digest, sizeBytes: number(row, "size_bytes") }, options.nowMs);
  return tags;
}

/** Removes a manifest that has no tag any more. What it kept, the manifests of an index and the artifacts about it, is
 * released. */
export async function removeManifest(
  sql: Sql,
  repositoryId: number,
  manifest: { readonly digest: Digest; readonly sizeBytes: number },
  nowMs: number,
): Promise<void> {
  const key = [repositoryId, manifest.digest];
  await sql.execute(
    `UPDATE manifest SET released_at_ms = $3 WHERE repository_id = $1 AND digest IN
       (SELECT digest FROM manifest_reference WHERE repository_id = $1 AND manifest = $2 AND kind = 'manifest')`,
    [...key, nowMs],
  );
  await sql.execute(
    "UPDATE manifest SET released_at_ms = $3 WHERE repository_id = $1 AND subject = $2 AND subject <> ''",
    [...key, nowMs],
  );
  await sql.execute("DELETE FROM manifest_reference WHERE repository_id = $1 AND manifest = $2", key);
  await sql.execute("DELETE FROM manifest WHERE repository_id = $1 AND digest = $2", key);
  await countIn(sql, repositoryId, { manifests: -1, sizeBytes: -manifest.sizeBytes });
}

export async function manifestReferences(
  sql: Sql,
  repository: string,
  digest: Digest,
): Promise<readonly ManifestReference[]> {
  const rows = await sql.query(
    `SELECT f.kind, f.digest, f.size_bytes, f.media_type
     FROM repository r JOIN manifest_reference f ON f.repository_id = r.id
     WHERE r.name = $1 AND f.manifest = $2 ORDER BY f.place`,
    [repository, digest],
  );
  return rows.map((row) => ({
    kind: text(row, "kind") === "blob" ? "blob" : "manifest",
    digest: digestOf(row),
    sizeBytes: number(row, "size_bytes"),
    mediaType: text(row, "media_type"),
  }));
}

/** Indexes of the repository that name the manifest. */
export async function includedBy(
  sql: Sql,
  repository: string,
  digest: Digest,
  limit: number,
): Promise<readonly Digest[]> {
  const rows = await sql.query(
    `SELECT DISTINCT f.manifest FROM repository r JOIN manifest_reference f ON f.repository_id = r.id
     WHERE r.name = $1 AND f.digest = $2 AND f.kind = 'manifest' ORDER BY f.manifest LIMIT $3`,
    [repository, digest, limit],
  );
  return rows.map((row) => digestOf(row, "manifest"));
}

function inUse(repository: string, digest: Digest, index: string): DetailedError {
  return new DetailedError({
    code: "MANIFEST_IN_USE",
    category: "failed-precondition",
    attempted: "delete manifest",
    subject: `${repository}@${digest}`,
    found: `the index ${index} refers to it`,
    remedy: "delete the index first",
    facts: { index },
  });
}
