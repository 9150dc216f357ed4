import type { Digest } from "../digest.ts";
import { number, text } from "../metadata/rows.ts";
import type { CollectedRepository, Collection } from "./collection.ts";
import { collectLinks } from "./links.ts";
import { collectManifests } from "./manifests.ts";
import { ruleFor } from "./retention.ts";
import type { RetentionRule } from "../policy/retention-rule.ts";
import { pages } from "./scan.ts";
import { compareStore } from "./store-comparison.ts";
import { collectTags } from "./tags.ts";
import { collectUnlinkedBlobs } from "./unlinked-blobs.ts";

/** All steps of one run: what the rules let go, then what nothing needs, then what a crash left. Each step finds by
 * itself what there is to do, so a run that was interrupted needs no continuation: the next one does the rest. */
export async function collect(collection: Collection, rules: readonly RetentionRule[]): Promise<void> {
  const { sql, signal, clock } = collection;
  const released = new Map<Digest, number>();
  const statement = "SELECT id, name FROM repository WHERE name > $1 ORDER BY name LIMIT $2";
  for await (const rows of pages(sql, statement, { key: "name", signal })) {
    for (const row of rows) {
      const name = text(row, "name");
      const gone = { tags: new Set<string>(), manifests: new Set<Digest>(), atMs: clock.now() };
      const repository = { id: number(row, "id"), name, rule: ruleFor(rules, name), gone };
      await collectTags(collection, repository);
      await collectManifests(collection, repository);
      await collectLinks(collection, repository, released);
      if (!collection.dryRun) await forgetUnused(collection, repository);
    }
  }
  await collectUnlinkedBlobs(collection, released);
  await compareStore(collection);
}

/** A repository that only ever saw blobs of a push that was given up. */
async function forgetUnused(
  { sql, clock, leaseMs, signal }: Collection,
  { id }: CollectedRepository,
): Promise<void> {
  const isUnused = `manifests = 0 AND last_push_at_ms = 0 AND created_at_ms <= $2
    AND NOT EXISTS (SELECT 1 FROM blob_link l WHERE l.repository_id = repository.id)`;
  const values = [id, clock.now() - leaseMs];
  const unused = await sql.query(`SELECT id FROM repository WHERE id = $1 AND ${isUnused}`, values);
  if (unused.length === 0) return;
  await sql.transaction((tx) => tx.execute(`DELETE FROM repository WHERE id = $1 AND ${isUnused}`, values), {
    signal,
  });
}
