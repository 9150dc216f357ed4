import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BlobStore } from "../../blobs/blob-store.ts";
import { createRunStore } from "../../gc/run-store.ts";
import { engines } from "../metadata/engines.ts";
import { beginCollections, leaseMs, prepareEmptiedStore } from "./emptied-store.ts";
import { stored } from "./world.ts";

for (const engine of engines())
  describe(`runs of garbage collection, with ${engine.name}`, () => {
    const suite = prepareEmptiedStore(engine, "runs");
    const { clock } = suite;

    test("runs one at a time, also on two servers, and another one after the first has died", async () => {
      await using at = await beginCollections(suite);
      const sql = await suite.openAgain();
      await using other = await suite.world(sql);
      const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      await using slow = await suite.world(at.sql, {
        retention: async () => {
          begun.resolve();
          await go.promise;
          return [];
        },
      });
      const first = await slow.collector.start({ dryRun: false, by: "bob" });
      await begun.promise;
      assert.deepEqual([first.state, first.by, first.endedAtMs], ["running", "bob", 0]);
      await assert.rejects(other.collector.run({ dryRun: true, by: "carol" }), {
        code: "COLLECTION_RUNS",
        facts: { run: String(first.id) },
      });
      clock.forward(60_001);
      assert.equal((await other.collector.find(first.id))?.state, "interrupted");
      const second = await other.collector.run({ dryRun: false, by: "carol" });
      assert.equal(second.state, "succeeded");
      assert.deepEqual(
        (await other.collector.runs(9)).map(({ id, state }) => [id, state]),
        [
          [second.id, "succeeded"],
          [first.id, "interrupted"],
        ],
      );
      go.resolve();
      await sql[Symbol.asyncDispose]();
    });

    test("begins where one died while the clock was wrong by a day", async () => {
      await using at = await beginCollections(suite);
      const begin = { by: "bob", dryRun: false, holder: "dead", nowMs: clock.now() + 86_400_000 };
      await createRunStore(at.sql, clock).begin({ ...begin, untilMs: begin.nowMs + 60_000 });
      assert.equal((await at.collect()).run.state, "succeeded");
    });

    test("ends when it is cancelled, and the next one does the rest", async () => {
      await using at = await beginCollections(suite);
      for (const content of ["a", "b", "c"]) await at.world.pushBlob("a", content);
      clock.forward(leaseMs);
      const patience = new AbortController();
      const cancelling: BlobStore = {
        ...boundTo(suite.blobs),
        delete: async (blob, signal) => {
          await suite.blobs.delete(blob, signal);
          patience.abort(new Error("enough"));
        },
      };
      await using cancelled = await suite.world(at.sql, {}, cancelling);
      const run = await cancelled.collector.run({ dryRun: false, by: "bob" }, patience.signal);
      assert.equal(run.state, "cancelled");
      clock.forward(60_000);
      assert.equal((await at.collect()).run.state, "succeeded");
      assert.deepEqual(await stored(suite.blobs), []);
    });
  });

function boundTo(blobs: BlobStore): BlobStore {
  return {
    stat: (...args) => blobs.stat(...args),
    read: (...args) => blobs.read(...args),
    adopt: (...args) => blobs.adopt(...args),
    delete: (...args) => blobs.delete(...args),
    list: (...args) => blobs.list(...args),
    check: (...args) => blobs.check(...args),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
