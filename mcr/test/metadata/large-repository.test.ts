import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createMetadata } from "../../metadata/store.ts";
import { sqlite } from "./engines.ts";
import { aManifest, handClock } from "./pushes.ts";

const links = 30_000;

test("a large repository is forgotten while who only reads has his turn", async () => {
  const engine = sqlite();
  await engine.prepare();
  try {
    await using sql = await engine.open("large");
    const metadata = createMetadata({ sql, clock: handClock() });
    await metadata.putManifest(aManifest("other", { repository: "other", tags: ["v1"] }));
    await metadata.putManifest(aManifest("image", { repository: "large", tags: ["v1"] }));
    await sql.transaction(async (tx) => {
      await tx.execute(
        `WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < $1)
         INSERT INTO blob (digest, size_bytes, generation, stored, leased_until_ms)
         SELECT 'sha256:' || lower(hex(randomblob(32))), 1, '', 1, 0 FROM numbers`,
        [links],
      );
      await tx.execute(
        `INSERT INTO blob_link (repository_id, digest, size_bytes, leased_until_ms)
         SELECT r.id, b.digest, 1, 0 FROM blob b JOIN repository r ON r.name = 'large'`,
      );
    });
    const over = new AbortController();
    const deletion = metadata.deleteRepository("large").finally(() => over.abort());
    let turns = 0;
    for (; !over.signal.aborted; turns += 1) {
      assert.ok((await metadata.manifest("other", { tag: "v1" })) !== undefined);
      await setImmediate();
    }
    assert.equal(await deletion, true);
    assert.ok(turns > 10, `${turns} turns`);
    assert.deepEqual(await metadata.repositories({ after: "", limit: 9 }), ["other"]);
    assert.equal((await sql.query("SELECT digest FROM blob_link LIMIT 1")).length, 0);
  } finally {
    await engine.dispose();
  }
});
