import type { Sql, SqlRow } from "@metacircular/mcdsl/sql/sql.ts";
import { chunks, digestOf, number, placeholders, text } from "../metadata/rows.ts";
import { countIn } from "../metadata/repositories.ts";
import { releaseManifest } from "../metadata/tags.ts";
import type { CollectedRepository, Collection } from "./collection.ts";
import { expiredTags, type TagFacts } from "./retention.ts";
import { pages } from "./scan.ts";

const tagsAtATime = 50;

interface TagRow extends TagFacts {
  readonly digest: ReturnType<typeof digestOf>;
}

const columns = `t.name, t.digest, t.updated_at_ms,
  CASE WHEN t.last_pull_at_ms > m.last_pull_at_ms THEN t.last_pull_at_ms ELSE m.last_pull_at_ms END AS last_pull_at_ms`;
const tables = "tag t JOIN manifest m ON m.repository_id = t.repository_id AND m.digest = t.digest";

/** Removes the tags that the repository's rule lets go. */
export async function collectTags(collection: Collection, repository: CollectedRepository): Promise<void> {
  const retention = repository.rule?.tags;
  if (retention === undefined) return;
  const { sql, clock, leaseMs, signal } = collection;
  const tags = new Map<string, TagRow>();
  const statement = `SELECT ${columns} FROM ${tables} WHERE t.repository_id = $3 AND t.name > $1 ORDER BY t.name LIMIT $2`;
  for await (const rows of pages(sql, statement, { key: "name", values: [repository.id], signal }))
    for (const row of rows) tags.set(text(row, "name"), tagOf(row));

  const names = expiredTags(retention, [...tags.values()], { nowMs: clock.now(), leaseMs });
  const expired = names
    .flatMap((name) => tags.get(name) ?? [])
    .filter((tag) => mayGo(collection, repository, tag));
  for (const part of chunks(expired, tagsAtATime)) {
    signal.throwIfAborted();
    const went = collection.dryRun
      ? part
      : await sql.transaction((tx) => remove(tx, repository, part), { signal });
    for (const { name } of went) repository.gone.tags.add(name);
    await collection.removed(
      went.map(({ name }) => ({ kind: "tag", repository: repository.name, name, sizeBytes: 0 })),
    );
  }
}

function mayGo({ rules }: Collection, repository: CollectedRepository, tag: TagRow): boolean {
  try {
    rules.requireMovable(repository.name, tag.name, { from: tag.digest });
    return true;
  } catch {
    return false;
  }
}

/** Those that are still what they were when it was decided. */
async function remove(
  tx: Sql,
  repository: CollectedRepository,
  tags: readonly TagRow[],
): Promise<readonly TagRow[]> {
  const rows = await tx.query(
    `SELECT ${columns} FROM ${tables} WHERE t.repository_id = $1 AND t.name IN (${placeholders(tags.length, 2)})`,
    [repository.id, ...tags.map(({ name }) => name)],
  );
  const now = new Map(rows.map((row) => [text(row, "name"), tagOf(row)]));
  const same = tags.filter(({ name, digest, updatedAtMs, lastPullAtMs }) => {
    const current = now.get(name);
    return (
      current?.digest === digest &&
      current.updatedAtMs === updatedAtMs &&
      current.lastPullAtMs === lastPullAtMs
    );
  });
  for (const { name, digest } of same) {
    await tx.execute("DELETE FROM tag WHERE repository_id = $1 AND name = $2", [repository.id, name]);
    await releaseManifest(tx, repository.id, digest, repository.gone.atMs);
  }
  await countIn(tx, repository.id, { tags: -same.length });
  return same;
}

function tagOf(row: SqlRow): TagRow {
  return {
    name: text(row, "name"),
    digest: digestOf(row),
    updatedAtMs: number(row, "updated_at_ms"),
    lastPullAtMs: number(row, "last_pull_at_ms"),
  };
}
