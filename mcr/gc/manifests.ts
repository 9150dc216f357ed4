import type { Sql, SqlRow } from "@metacircular/mcdsl/sql/sql.ts";
import { removeManifest } from "../metadata/manifests.ts";
import { chunks, placeholders } from "../metadata/rows.ts";
import type { CollectedRepository, Collection } from "./collection.ts";
import { factsOf, type JudgedManifest, manifestColumns } from "./manifest-facts.ts";
import { isExpiredManifest } from "./retention.ts";
import { pages } from "./scan.ts";

const manifestsAtATime = 50;
/** What an index of indexes of indexes releases; deeper ones wait for the next run. */
const passesAtMost = 10;

/** Removes the manifests that the repository's rule lets go, and what they release as far as that goes at once. */
export async function collectManifests(
  collection: Collection,
  repository: CollectedRepository,
): Promise<void> {
  const { rule } = repository;
  if (rule === undefined) return;
  if (rule.untaggedAfterMs === undefined && rule.orphanedAfterMs === undefined) return;
  for (let pass = 1; pass <= passesAtMost; pass += 1) {
    const before = repository.gone.manifests.size;
    await collectOnce(collection, repository);
    if (repository.gone.manifests.size === before) return;
  }
}

async function collectOnce(collection: Collection, repository: CollectedRepository): Promise<void> {
  const { sql, signal } = collection;
  const statement = `SELECT ${manifestColumns} FROM manifest
    WHERE repository_id = $3 AND digest > $1 ORDER BY digest LIMIT $2`;
  for await (const rows of pages(sql, statement, { key: "digest", values: [repository.id], signal })) {
    const judged = await expired(collection, repository, sql, rows, repository.gone);
    const candidates = judged.filter(({ digest }) => !repository.gone.manifests.has(digest));
    for (const part of chunks(candidates, manifestsAtATime)) await removePart(collection, repository, part);
  }
}

async function removePart(
  collection: Collection,
  repository: CollectedRepository,
  part: readonly JudgedManifest[],
): Promise<void> {
  const { sql, signal } = collection;
  const went = collection.dryRun
    ? part
    : await sql.transaction((tx) => remove(collection, repository, tx, part), { signal });
  for (const { digest } of went) repository.gone.manifests.add(digest);
  await collection.removed(
    went.map(({ digest, sizeBytes }) => ({
      kind: "manifest",
      repository: repository.name,
      name: digest,
      sizeBytes,
    })),
  );
}

async function expired(
  { clock, leaseMs }: Collection,
  { id, rule }: CollectedRepository,
  sql: Sql,
  rows: readonly SqlRow[],
  gone: CollectedRepository["gone"],
): Promise<readonly JudgedManifest[]> {
  if (rule === undefined) return [];
  const facts = await factsOf(sql, id, rows, gone);
  // Of the same moment as what was released in this run.
  const nowMs = Math.max(gone.atMs, clock.now());
  return facts.filter((manifest) => isExpiredManifest(rule, manifest, { nowMs, leaseMs }));
}

/** Those that are still to go as the database has it now. */
async function remove(
  collection: Collection,
  repository: CollectedRepository,
  tx: Sql,
  manifests: readonly JudgedManifest[],
): Promise<readonly JudgedManifest[]> {
  const rows = await tx.query(
    `SELECT ${manifestColumns} FROM manifest
     WHERE repository_id = $1 AND digest IN (${placeholders(manifests.length, 2)})`,
    [repository.id, ...manifests.map(({ digest }) => digest)],
  );
  const nothingGone = { tags: new Set<string>(), manifests: new Set<never>(), atMs: repository.gone.atMs };
  const still = await expired(collection, repository, tx, rows, nothingGone);
  for (const manifest of still) await removeManifest(tx, repository.id, manifest, repository.gone.atMs);
  return still;
}
