import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import type { BlobStore } from "../../blobs/blob-store.ts";
import { deleteBlobs, deleteStrays } from "../../gc/blob-deletion.ts";
import { createMetadata } from "../../metadata/store.ts";
import { engines } from "../metadata/engines.ts";
import { leaseMs, prepareEmptiedStore } from "./emptied-store.ts";
import { hashOf, stored, type World } from "./world.ts";

const deletionMs = 60_000;
const never = new AbortController().signal;
const digest = hashOf("layer");

/** Where a process can die that deletes a blob. */
const crashes = ["before the file goes", "after the file went", "when only the row is left"] as const;

for (const engine of engines())
  describe(`the deletion of a blob, with ${engine.name}`, () => {
    const suite = prepareEmptiedStore(engine, "deletion");
    const { clock } = suite;

    /** A registry with one blob that nobody needs, and a collector's view of it that dies at a step. */
    async function garbage(crash?: (typeof crashes)[number]) {
      const stack = new AsyncDisposableStack();
      const sql = stack.use(await suite.begin());
      const world = stack.use(await suite.world(sql, { deletionMs }));
      await world.pushBlob("app", "layer");
      await world.metadata.unlinkBlob("app", digest);
      clock.forward(leaseMs + 1);
      const site = {
        sql: crash === undefined ? sql : dyingSql(sql, crash),
        blobs: dyingStore(world.blobs, crash),
        clock,
        deletionMs,
      };
      return { sql, world, clock, site, [Symbol.asyncDispose]: () => stack.disposeAsync() };
    }

    const isKnown = async (world: World): Promise<boolean> => (await world.metadata.totals()).blobs > 0;

    test("takes the file and the row", async () => {
      await using at = await garbage();
      const { deleted } = await deleteBlobs(at.site, [digest], never);
      assert.deepEqual(deleted, [{ digest, sizeBytes: 5 }]);
      assert.deepEqual(await stored(at.world.blobs), []);
      assert.ok(!(await isKnown(at.world)));
    });

    test("leaves alone what is leased, linked, or being deleted by somebody else", async () => {
      await using at = await garbage();
      await at.world.metadata.leaseBlob(digest, 5);
      assert.deepEqual((await deleteBlobs(at.site, [digest], never)).deleted, []);
      await at.world.pushBlob("app", "layer");
      at.clock.forward(leaseMs + 1);
      assert.deepEqual((await deleteBlobs(at.site, [digest], never)).deleted, []);
      assert.deepEqual(await stored(at.world.blobs), [digest]);
      assert.deepEqual((await deleteStrays(at.site, [{ digest, sizeBytes: 5 }], never)).deleted, []);
      assert.deepEqual(await stored(at.world.blobs), [digest]);
    });

    for (const crash of crashes) {
      test(`that dies ${crash} is forgotten by the next push of the blob, which is stored anew`, async () => {
        await using at = await garbage(crash);
        await assert.rejects(deleteBlobs(at.site, [digest], never), /died/);
        at.clock.forward(deletionMs);
        await at.world.pushImage("app", "v1", ["layer"]);
        assert.deepEqual(await at.world.pull("app", "v1"), ["layer"]);
        at.clock.forward(leaseMs + deletionMs);
        const run = await at.world.collector.run({ dryRun: false, by: "test" });
        assert.deepEqual([run.state, run.blobs, run.missingBlobs], ["succeeded", 0, 0]);
        assert.deepEqual(await at.world.pull("app", "v1"), ["layer"]);
      });

      test(`that dies ${crash} is ended by the next run`, async () => {
        await using at = await garbage(crash);
        await assert.rejects(deleteBlobs(at.site, [digest], never), /died/);
        at.clock.forward(deletionMs);
        const run = await at.world.collector.run({ dryRun: false, by: "test" });
        assert.equal(run.state, "succeeded");
        assert.deepEqual(await stored(at.world.blobs), []);
        assert.ok(!(await isKnown(at.world)));
      });
    }

    test("that dies holds up a push no longer than its time, and the push is not refused", async () => {
      await using at = await garbage("before the file goes");
      await assert.rejects(deleteBlobs(at.site, [digest], never), /died/);
      const beganMs = clock.now();
      const hasty = { now: () => clock.now(), sleep: async (ms: number) => clock.forward(ms) };
      const metadata = createMetadata({ sql: at.sql, clock: hasty });
      assert.equal((await metadata.leaseBlob(digest, 5)).isStored, false);
      assert.ok(clock.now() - beganMs < deletionMs + 1_000);
    });

    test("lets a push of the same blob wait until it has ended, and store the blob again", async () => {
      await using at = await garbage();
      const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const slow = {
        delete: async (blob: typeof digest) => {
          begun.resolve();
          await go.promise;
          await at.world.blobs.delete(blob);
        },
      };
      const deletion = deleteBlobs({ ...at.site, blobs: slow }, [digest], never);
      await begun.promise;
      let isPushed = false;
      const push = at.world.pushImage("app", "v1", ["layer"]).then(() => (isPushed = true));
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      assert.ok(!isPushed);
      go.resolve();
      await Promise.all([deletion, push]);
      assert.deepEqual(await at.world.pull("app", "v1"), ["layer"]);
    });

    test("does not touch the file when its time is half over, since somebody may take it over soon", async () => {
      await using at = await garbage();
      const late = { ...at.site, sql: afterMark(at.site.sql, () => at.clock.forward(deletionMs / 2)) };
      assert.deepEqual((await deleteBlobs(late, [digest], never)).deleted, []);
      at.clock.forward(deletionMs / 2);
      await at.world.pushImage("app", "v1", ["layer"]);
      assert.deepEqual(await at.world.pull("app", "v1"), ["layer"]);
    });

    test("stops where the clock is set back, since nobody knows then whose turn it is", async () => {
      await using at = await garbage();
      const confused = { ...at.site, sql: afterMark(at.site.sql, () => at.clock.forward(-1)) };
      assert.deepEqual((await deleteBlobs(confused, [digest], never)).deleted, []);
      assert.deepEqual(await stored(at.world.blobs), [digest]);
    });

    test("that dies while the clock is wrong by a day keeps pushes away until the next run, and no longer", async () => {
      await using at = await garbage("before the file goes");
      const dayMs = 86_400_000;
      at.clock.forward(dayMs);
      await assert.rejects(deleteBlobs(at.site, [digest], never), /died/);
      at.clock.forward(-dayMs);
      await assert.rejects(at.world.pushImage("app", "v1", ["layer"]), { code: "BLOB_BEING_DELETED" });
      assert.equal((await at.world.collector.run({ dryRun: false, by: "test" })).blobs, 1);
      await at.world.pushImage("app", "v1", ["layer"]);
      assert.deepEqual(await at.world.pull("app", "v1"), ["layer"]);
    });

    test("does not remove the row of who took it over", async () => {
      await using at = await garbage();
      const slow = {
        delete: async (blob: typeof digest) => {
          await at.world.blobs.delete(blob);
          at.clock.forward(deletionMs);
          await at.world.pushImage("app", "v1", ["layer"]);
        },
      };
      await deleteBlobs({ ...at.site, blobs: slow }, [digest], never);
      assert.deepEqual(await at.world.pull("app", "v1"), ["layer"]);
    });

    test("refuses the end of a push whose lease was over and whose blob went, also when another push began", async () => {
      await using at = await garbage();
      const { metadata } = at.world;
      const lease = await metadata.leaseBlob(digest, 5);
      at.clock.forward(leaseMs + 1);
      await deleteBlobs(at.site, [digest], never);
      await assert.rejects(metadata.linkBlob("app", lease), {
        code: "BLOB_LEASE_LOST",
        category: "unavailable",
      });
      await metadata.leaseBlob(digest, 5);
      await assert.rejects(metadata.linkBlob("app", lease), { code: "BLOB_LEASE_LOST" });
    });

    test("of a store that fails is tried again by the next run, and the others go", async () => {
      await using at = await garbage();
      await at.world.pushBlob("app", "second");
      await at.world.metadata.unlinkBlob("app", hashOf("second"));
      at.clock.forward(leaseMs + 1);
      const failing = {
        delete: (blob: typeof digest) =>
          blob === digest ? Promise.reject(new Error("the disk fails")) : at.world.blobs.delete(blob),
      };
      const { deleted, failures } = await deleteBlobs(
        { ...at.site, blobs: failing },
        [digest, hashOf("second")],
        never,
      );
      assert.equal(failures.length, 1);
      assert.deepEqual(
        deleted.map((blob) => blob.digest),
        [hashOf("second")],
      );
      at.clock.forward(deletionMs);
      await at.world.collector.run({ dryRun: false, by: "test" });
      assert.deepEqual(await stored(at.world.blobs), []);
    });
  });

function dyingStore(
  blobs: BlobStore,
  crash: (typeof crashes)[number] | undefined,
): Pick<BlobStore, "delete"> {
  return {
    delete: async (digest) => {
      if (crash === "before the file goes") return;
      await blobs.delete(digest);
    },
  };
}

/** Dies in the second transaction, the one that removes the row. */
function dyingSql(sql: SqlDatabase, crash: (typeof crashes)[number]): SqlDatabase {
  let transactions = 0;
  return {
    ...sql,
    transaction: async (body, options) => {
      transactions += 1;
      if (transactions === 1) return sql.transaction(body, options);
      if (crash === "when only the row is left") {
        const undone = new Error("it died before its commit");
        await sql.transaction(async (tx) => {
          await body(tx);
          throw undone;
        });
      }
      throw new Error("it died");
    },
  };
}

function afterMark(sql: SqlDatabase, then: () => void): SqlDatabase {
  return {
    ...sql,
    transaction: async (body, options) => {
      const result = await sql.transaction(body, options);
      then();
      return result;
    },
  };
}
