import { setImmediate } from "node:timers/promises";
import type { Sql, SqlRow } from "@metacircular/mcdsl/sql/sql.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Digest } from "../digest.ts";
import type { PageRequest, RepositorySummary } from "./metadata.ts";
import { digestOf, first, number, text } from "./rows.ts";

/** A repository as its counters have it. */
export interface RepositoryRow {
  readonly id: number;
  readonly sizeBytes: number;
}

export async function findRepository(sql: Sql, name: string): Promise<RepositoryRow | undefined> {
  const row = await first(sql, "SELECT id, size_bytes FROM repository WHERE name = $1", [name]);
  return row === undefined ? undefined : { id: number(row, "id"), sizeBytes: number(row, "size_bytes") };
}

/** Makes it where it is not there. */
export async function requireRepository(sql: Sql, name: string, nowMs: number): Promise<RepositoryRow> {
  const found = await findRepository(sql, name);
  if (found !== undefined) return found;
  const made = await first(
    sql,
    "INSERT INTO repository (name, created_at_ms) VALUES ($1, $2) RETURNING id, size_bytes",
    [name, nowMs],
  );
  if (made === undefined) throw new TypeError("the database returned no row for what it inserted");
  return { id: number(made, "id"), sizeBytes: number(made, "size_bytes") };
}

/** Adds to what the repository counts; the numbers may be negative. */
export async function countIn(
  sql: Sql,
  repository: number,
  change: { readonly tags?: number; readonly manifests?: number; readonly sizeBytes?: number },
): Promise<void> {
  const { tags = 0, manifests = 0, sizeBytes = 0 } = change;
  if (tags === 0 && manifests === 0 && sizeBytes === 0) return;
  await sql.execute(
    `UPDATE repository SET tags = tags + $2, manifests = manifests + $3, size_bytes = size_bytes + $4
     WHERE id = $1`,
    [repository, tags, manifests, sizeBytes],
  );
}

/** @throws DetailedError QUOTA_EXCEEDED where `addedBytes` more are more than the repository may hold */
export function requireQuota(
  name: string,
  held: RepositoryRow,
  addedBytes: number,
  quotaBytes: number | undefined,
): void {
  if (quotaBytes === undefined || addedBytes === 0 || held.sizeBytes + addedBytes <= quotaBytes) return;
  throw new DetailedError({
    code: "QUOTA_EXCEEDED",
    category: "resource-exhausted",
    attempted: "push to repository",
    subject: name,
    found: `it holds ${held.sizeBytes} bytes, ${addedBytes} more are beyond its quota of ${quotaBytes}`,
    remedy: "delete what is not needed and collect garbage, or have an administrator raise the quota",
    facts: {
      heldBytes: String(held.sizeBytes),
      addedBytes: String(addedBytes),
      quotaBytes: String(quotaBytes),
    },
  });
}

const summaryColumns = "name, tags, manifests, size_bytes, last_push_at_ms, last_pull_at_ms";

export async function repositoryNames(sql: Sql, { after, limit }: PageRequest): Promise<readonly string[]> {
  const rows = await sql.query("SELECT name FROM repository WHERE name > $1 ORDER BY name LIMIT $2", [
    after,
    limit,
  ]);
  return rows.map((row) => text(row, "name"));
}

export async function repositorySummaries(
  sql: Sql,
  { after, limit }: PageRequest,
): Promise<readonly RepositorySummary[]> {
  const rows = await sql.query(
    `SELECT ${summaryColumns} FROM repository WHERE name > $1 ORDER BY name LIMIT $2`,
    [after, limit],
  );
  return rows.map(summaryOf);
}

export async function repositorySummary(sql: Sql, name: string): Promise<RepositorySummary | undefined> {
  const row = await first(sql, `SELECT ${summaryColumns} FROM repository WHERE name = $1`, [name]);
  return row === undefined ? undefined : summaryOf(row);
}

function summaryOf(row: SqlRow): RepositorySummary {
  return {
    name: text(row, "name"),
    tags: number(row, "tags"),
    manifests: number(row, "manifests"),
    sizeBytes: number(row, "size_bytes"),
    lastPushAtMs: number(row, "last_push_at_ms"),
    lastPullAtMs: number(row, "last_pull_at_ms"),
  };
}

/** In this order nothing refers to what goes. */
const contents = [
  ["tag", "name"],
  ["manifest_reference", "manifest"],
  ["manifest", "digest"],
  ["blob_link", "digest"],
] as const;
const keysAtOnce = 2_000;

/** In parts, between which requests that only read have their turn: a large one takes seconds. */
async function deleteAll(sql: Sql, repositoryId: number, table: string, key: string): Promise<void> {
  const some = `SELECT ${key} FROM ${table} WHERE repository_id = $1 ORDER BY ${key} LIMIT $2`;
  const statement = `DELETE FROM ${table} WHERE repository_id = $1 AND ${key} IN (${some})`;
  while ((await sql.execute(statement, [repositoryId, keysAtOnce])) > 0) await setImmediate();
}

/** Removes everything that it holds; `mayDelete` throws where a tag must not go. @returns whether it was there */
export async function deleteRepository(
  sql: Sql,
  name: string,
  mayDelete?: (tag: string, digest: Digest) => void,
): Promise<boolean> {
  const repository = await findRepository(sql, name);
  if (repository === undefined) return false;
  if (mayDelete !== undefined) {
    const tags = await sql.query("SELECT name, digest FROM tag WHERE repository_id = $1", [repository.id]);
    for (const tag of tags) mayDelete(text(tag, "name"), digestOf(tag));
  }
  for (const [table, key] of contents) await deleteAll(sql, repository.id, table, key);
  await sql.execute("DELETE FROM repository WHERE id = $1", [repository.id]);
  return true;
}
