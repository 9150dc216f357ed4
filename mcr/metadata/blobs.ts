import type { Sql } from "@metacircular/mcdsl/sql/sql.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Digest } from "../digest.ts";
import type { BlobLease, Deletion, PageRequest } from "./metadata.ts";
import { countIn, findRepository, requireQuota, requireRepository } from "./repositories.ts";
import { first, number, text } from "./rows.ts";
import { requireDeletable } from "./tags.ts";

export interface HeldBlob {
  readonly repositoryId: number;
  readonly sizeBytes: number;
  readonly leasedUntilMs: number;
  readonly isReferred: boolean;
}

/** A blob as the repository holds it. */
export async function heldBlob(sql: Sql, repository: string, digest: Digest): Promise<HeldBlob | undefined> {
  const row = await first(
    sql,
    `SELECT l.repository_id, l.size_bytes, l.leased_until_ms,
       CASE WHEN EXISTS (SELECT 1 FROM manifest_reference m
         WHERE m.repository_id = l.repository_id AND m.digest = l.digest AND m.kind = 'blob') THEN 1 ELSE 0 END AS referred
     FROM repository r JOIN blob_link l ON l.repository_id = r.id WHERE r.name = $1 AND l.digest = $2`,
    [repository, digest],
  );
  if (row === undefined) return undefined;
  return {
    repositoryId: number(row, "repository_id"),
    sizeBytes: number(row, "size_bytes"),
    leasedUntilMs: number(row, "leased_until_ms"),
    isReferred: number(row, "referred") === 1,
  };
}

/** @returns whether the repository still holds it */
export async function renewLink(
  sql: Sql,
  repositoryId: number,
  digest: Digest,
  untilMs: number,
): Promise<boolean> {
  const changed = await sql.execute(
    `UPDATE blob_link SET leased_until_ms = CASE WHEN leased_until_ms < $3 THEN $3 ELSE leased_until_ms END
     WHERE repository_id = $1 AND digest = $2`,
    [repositoryId, digest, untilMs],
  );
  return changed > 0;
}

/** Undefined: it is being deleted now. A deletion that was not ended in its time is taken over: from then on its
 * collector must not touch the blob any more. */
export async function tryLease(
  sql: Sql,
  blob: { readonly digest: Digest; readonly sizeBytes: number; readonly newGeneration: string },
  times: { readonly nowMs: number; readonly untilMs: number },
): Promise<BlobLease | undefined> {
  const { digest, sizeBytes, newGeneration } = blob;
  const row = await first(
    sql,
    "SELECT generation, stored, leased_until_ms, deleting_until_ms FROM blob WHERE digest = $1",
    [digest],
  );
  if (row === undefined) {
    await sql.execute(
      "INSERT INTO blob (digest, size_bytes, generation, stored, leased_until_ms) VALUES ($1, $2, $3, 0, $4)",
      [digest, sizeBytes, newGeneration, times.untilMs],
    );
    return { digest, sizeBytes, generation: newGeneration, isStored: false };
  }
  const deletingUntilMs = number(row, "deleting_until_ms");
  if (deletingUntilMs > times.nowMs) return undefined;
  if (deletingUntilMs > 0) {
    await sql.execute(
      `UPDATE blob SET generation = $2, size_bytes = $3, stored = 0, leased_until_ms = $4, deleting_by = '',
         deleting_until_ms = 0 WHERE digest = $1`,
      [digest, newGeneration, sizeBytes, times.untilMs],
    );
    return { digest, sizeBytes, generation: newGeneration, isStored: false };
  }
  if (number(row, "leased_until_ms") < times.untilMs) {
    await sql.execute("UPDATE blob SET leased_until_ms = $2 WHERE digest = $1", [digest, times.untilMs]);
  }
  return { digest, sizeBytes, generation: text(row, "generation"), isStored: number(row, "stored") === 1 };
}

/** The repository holds the blob from now on.
 * @throws DetailedError QUOTA_EXCEEDED, BLOB_LEASE_LOST */
export async function linkBlob(
  sql: Sql,
  repository: string,
  lease: BlobLease,
  options: { readonly nowMs: number; readonly untilMs: number; readonly quotaBytes: number | undefined },
): Promise<void> {
  const { digest, sizeBytes } = lease;
  const row = await first(
    sql,
    "SELECT generation, stored, leased_until_ms, deleting_until_ms FROM blob WHERE digest = $1",
    [digest],
  );
  if (
    row === undefined ||
    text(row, "generation") !== lease.generation ||
    number(row, "deleting_until_ms") > 0
  ) {
    throw leaseLost(digest);
  }
  await sql.execute("UPDATE blob SET stored = 1, size_bytes = $2, leased_until_ms = $3 WHERE digest = $1", [
    digest,
    sizeBytes,
    Math.max(options.untilMs, number(row, "leased_until_ms")),
  ]);
  const held = await requireRepository(sql, repository, options.nowMs);
  if (await renewLink(sql, held.id, digest, options.untilMs)) return;
  requireQuota(repository, held, sizeBytes, options.quotaBytes);
  await sql.execute(
    "INSERT INTO blob_link (repository_id, digest, size_bytes, leased_until_ms) VALUES ($1, $2, $3, $4)",
    [held.id, digest, sizeBytes, options.untilMs],
  );
  await countIn(sql, held.id, { sizeBytes });
}

/** @returns whether the repository held it
 * @throws DetailedError BLOB_IN_USE, what `mayDelete` throws */
export async function unlinkBlob(
  sql: Sql,
  repository: string,
  digest: Digest,
  options: Deletion = {},
): Promise<boolean> {
  const held = await findRepository(sql, repository);
  const blob = await heldBlob(sql, repository, digest);
  if (held === undefined || blob === undefined) return false;
  if (blob.isReferred && options.evenIfInUse !== true) throw inUse(repository, digest);
  if (blob.isReferred) await requireDeletable(sql, held.id, { digest, kind: "blob" }, options);
  await sql.execute("DELETE FROM blob_link WHERE repository_id = $1 AND digest = $2", [held.id, digest]);
  await countIn(sql, held.id, { sizeBytes: -blob.sizeBytes });
  return true;
}

/** Names of the repositories that hold the blob. */
export async function blobHolders(
  sql: Sql,
  digest: Digest,
  { after, limit }: PageRequest,
): Promise<readonly string[]> {
  const rows = await sql.query(
    `SELECT r.name FROM blob_link l JOIN repository r ON r.id = l.repository_id
     WHERE l.digest = $1 AND r.name > $2 ORDER BY r.name LIMIT $3`,
    [digest, after, limit],
  );
  return rows.map((row) => text(row, "name"));
}

function leaseLost(digest: Digest): DetailedError {
  return new DetailedError({
    code: "BLOB_LEASE_LOST",
    category: "unavailable",
    attempted: "keep blob",
    subject: digest,
    found: "storing it took longer than its lease, and it was collected as garbage in between",
    remedy: "push again; an administrator can make the lease longer",
  });
}

function inUse(repository: string, digest: Digest): DetailedError {
  return new DetailedError({
    code: "BLOB_IN_USE",
    category: "failed-precondition",
    attempted: "delete blob",
    subject: `${repository}@${digest}`,
    found: "a manifest of the repository refers to it",
    remedy: "delete the manifest first",
  });
}
