import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { BlobStore } from "../../blobs/blob-store.ts";
import {
  createTemporaryDirectory,
  type TemporaryDirectory,
} from "@metacircular/testkit/temporary-directory.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import type { CollectorOptions } from "../../gc/collector-options.ts";
import { createRunStore } from "../../gc/run-store.ts";
import type { RetentionRule } from "../../policy/retention-rule.ts";
import { engines } from "../metadata/engines.ts";
import { aChild, aManifest, digest, handClock } from "../metadata/pushes.ts";
import { nothingUntagged } from "./churn-pushes.ts";
import { createWorld, deafSleep, emptyStore, hashOf, silent, stored } from "./world.ts";

const leaseMs = 1_000;
const graceMs = 5_000;

for (const engine of engines())
  describe(`a collection of garbage, with ${engine.name}`, () => {
    const suite = new AsyncDisposableStack();
    const clock = handClock();
    // The heart of a run beats by a clock that does not go on by itself.
    const still = { now: () => clock.now(), sleep: deafSleep };
    let directory: TemporaryDirectory;
    let blobs: BlobStore;
    let count = 0;
    before(async () => {
      await engine.prepare();
      directory = suite.use(await createTemporaryDirectory());
      blobs = await openFileStore({ directory: join(directory.path, "blobs"), clock });
    });
    after(async () => {
      await suite.disposeAsync();
      await engine.dispose();
    });

    async function fresh(rules: readonly RetentionRule[] = [], collector: Partial<CollectorOptions> = {}) {
      await using stack = new AsyncDisposableStack();
      await emptyStore(blobs);
      count += 1;
      const sql = stack.use(await engine.open(`collect${count}`));
      const world = stack.use(
        await createWorld({
          ...{ sql, directory: directory.path, blobs, clock, leaseMs },
          collector: { graceMs, clock: still, retention: async () => rules, ...collector },
        }),
      );
      const collect = async (dryRun = false) => {
        const run = await world.collector.run({ dryRun, by: "alice" });
        assert.deepEqual([run.state, run.error], ["succeeded", ""]);
        const items = await world.collector.items(run.id, { after: 0, limit: 1_000 });
        const went = items.map(({ kind, repository, name }) => [kind, repository, name].join(" ").trim());
        return { run, went: went.toSorted() };
      };
      const owned = stack.move();
      return { sql, world, collect, [Symbol.asyncDispose]: () => owned.disposeAsync() };
    }

    test("without rules takes what nothing refers to, when its lease is over, and nothing else", async () => {
      await using at = await fresh();
      await at.world.pushImage("a", "v1", ["kept", "shared"]);
      await at.world.pushBlob("a", "given up");
      await at.world.pushBlob("b", "shared");
      assert.deepEqual((await at.collect()).went, []);
      clock.forward(leaseMs);
      const { run, went } = await at.collect();
      assert.deepEqual(
        went,
        [
          `blob  ${hashOf("given up")}`,
          `link a ${hashOf("given up")}`,
          `link b ${hashOf("shared")}`,
        ].toSorted(),
      );
      assert.deepEqual([run.blobs, run.bytes, run.links], [1, "given up".length, 2]);
      assert.deepEqual(await at.world.pull("a", "v1"), ["kept", "shared"]);
      assert.equal(await at.world.metadata.blob("b", hashOf("shared")), undefined);
      assert.equal((await at.world.metadata.repository("a"))?.sizeBytes, 10 + 149);
      assert.deepEqual(await at.world.metadata.repositories({ after: "", limit: 9 }), ["a"]);
    });

    test("leaves a blob alone that a client asked for, since it may be about to push its manifest", async () => {
      await using at = await fresh();
      await at.world.pushBlob("a", "layer");
      clock.forward(leaseMs - 1);
      await at.world.metadata.blob("a", hashOf("layer"));
      clock.forward(leaseMs - 1);
      assert.deepEqual((await at.collect()).went, []);
      await at.world.pushImage("a", "v1", ["layer"]);
    });

    test("leaves a blob alone that a client asked for before the manifest went that it was for", async () => {
      await using at = await fresh();
      const image = await at.world.pushImage("a", "v1", ["layer"]);
      clock.forward(10 * leaseMs);
      await at.world.metadata.blob("a", hashOf("layer"), { forPush: true });
      await at.world.metadata.deleteManifest("a", image);
      assert.deepEqual((await at.collect()).went, []);
      clock.forward(leaseMs);
      assert.equal((await at.collect()).run.blobs, 1);
    });

    test("takes untagged manifests and orphaned artifacts only as their rule says", async () => {
      const rule = {
        ...nothingUntagged,
        repositories: "ruled",
        untaggedAfterMs: 5_000,
        orphanedAfterMs: 2_000,
      };
      await using at = await fresh([rule]);
      const { metadata } = at.world;
      for (const repository of ["ruled", "free"]) {
        await metadata.putManifest(aManifest("child", { repository }));
        await metadata.putManifest(
          aManifest("index", { repository, references: [aChild("child")], tags: ["v1"] }),
        );
        await metadata.putManifest(aManifest("signature", { repository, subject: digest("index") }));
      }
      clock.forward(60_000);
      assert.deepEqual((await at.collect()).went, []);
      for (const repository of ["ruled", "free"]) await metadata.deleteTag(repository, "v1");
      clock.forward(4_999);
      assert.deepEqual((await at.collect()).went, []);
      clock.forward(1);
      assert.deepEqual((await at.collect()).went, [`manifest ruled ${digest("index")}`]);
      clock.forward(2_000);
      assert.deepEqual((await at.collect()).went, [`manifest ruled ${digest("signature")}`]);
      clock.forward(3_000);
      assert.deepEqual((await at.collect()).went, [`manifest ruled ${digest("child")}`]);
      assert.equal((await metadata.repository("free"))?.manifests, 3);
    });

    test("in a dry run says exactly what the next run takes, through all that hangs together, and changes nothing", async () => {
      const tags = {
        match: ["old*"],
        protect: [],
        protectSemver: true,
        keepNewest: 0,
        keepPushedWithinMs: 0,
        keepPulledWithinMs: 0,
      };
      await using at = await fresh([{ ...nothingUntagged, tags }]);
      const { metadata } = at.world;
      const image = await at.world.pushImage("a", "old-1", ["only old", "shared"]);
      await at.world.pushImage("a", "new", ["shared", "new"]);
      await at.world.pushImage("b", "old-2", ["only old", "elsewhere"]);
      await at.world.pushImage("c", "new", ["elsewhere"]);
      await metadata.putManifest(aManifest("signature", { repository: "a", subject: image }));
      await metadata.putManifest(aManifest("inner", { repository: "b" }));
      await metadata.putManifest(
        aManifest("outer", { repository: "b", references: [aChild("inner")], tags: ["old-3"] }),
      );
      await at.world.pushBlob("c", "given up");
      clock.forward(leaseMs);
      const before = [
        await metadata.summaries({ after: "", limit: 9 }),
        await metadata.totals(),
        await stored(blobs),
      ];
      const dry = await at.collect(true);
      assert.deepEqual(
        [await metadata.summaries({ after: "", limit: 9 }), await metadata.totals(), await stored(blobs)],
        before,
      );
      const real = await at.collect();
      assert.deepEqual(dry.went, real.went);
      const { id: _, startedAtMs: __, endedAtMs: ___, dryRun, ...counts } = dry.run;
      assert.ok(dryRun);
      for (const [name, value] of Object.entries(counts))
        assert.equal(real.run[name as keyof typeof counts], value, name);
      assert.deepEqual([real.run.tags, real.run.manifests, real.run.blobs], [3, 5, 2]);
      assert.deepEqual((await at.collect()).went, []);
      assert.deepEqual(await at.world.pull("a", "new"), ["shared", "new"]);
      assert.deepEqual(await at.world.pull("c", "new"), ["elsewhere"]);
    });

    test("never takes a tag that must not go", async () => {
      const tags = {
        match: [],
        protect: [],
        protectSemver: false,
        keepNewest: 0,
        keepPushedWithinMs: 0,
        keepPulledWithinMs: 0,
      };
      const rules = {
        requireMovable: (_: string, tag: string) => {
          if (tag === "v1") throw new Error("it is immutable");
        },
      };
      await using at = await fresh([{ ...nothingUntagged, tags }], { rules });
      await at.world.pushImage("a", "v1", ["one"]);
      await at.world.pushImage("a", "v2", ["two"]);
      clock.forward(leaseMs);
      assert.deepEqual((await at.collect()).run.tags, 1);
      assert.deepEqual(await at.world.pull("a", "v1"), ["one"]);
    });

    test("takes what the store has and the database does not know, after the grace time", async () => {
      await using at = await fresh();
      const file = join(directory.path, randomUUID());
      await writeFile(file, "stray");
      await blobs.adopt(file, hashOf("stray"), 5);
      clock.forward(leaseMs);
      for (const dryRun of [true, false]) assert.deepEqual((await at.collect(dryRun)).went, []);
      clock.forward(graceMs - 1);
      for (const dryRun of [true, false]) assert.deepEqual((await at.collect(dryRun)).went, []);
      clock.forward(1);
      assert.deepEqual((await at.collect(true)).went, [`blob  ${hashOf("stray")}`]);
      assert.deepEqual(await stored(blobs), [hashOf("stray")]);
      assert.deepEqual((await at.collect()).went, [`blob  ${hashOf("stray")}`]);
      assert.deepEqual(await stored(blobs), []);
    });

    test("leaves time to notice that the database is an old or an empty one beside a full store", async () => {
      const warnings: object[] = [];
      const logger = { ...silent, warn: (fields: object) => void warnings.push(fields) };
      await using right = await fresh();
      await right.world.pushImage("a", "v1", ["one", "two"]);
      clock.forward(100 * graceMs);
      count += 1;
      const sql = await engine.open(`collect${count}`);
      await using wrong = await createWorld({
        ...{ sql, directory: directory.path, blobs, clock, leaseMs },
        collector: { graceMs, clock: still, logger },
      });
      for (let turn = 0; turn < 2; turn += 1) {
        assert.equal((await wrong.collector.run({ dryRun: false, by: "schedule" })).blobs, 0);
        clock.forward(graceMs / 2 - 1);
      }
      assert.deepEqual(warnings, [
        { blobs: 2, graceMs },
        { blobs: 2, graceMs },
      ]);
      assert.deepEqual(await right.world.pull("a", "v1"), ["one", "two"]);
      clock.forward(2);
      assert.equal((await wrong.collector.run({ dryRun: false, by: "schedule" })).blobs, 2);
      await sql[Symbol.asyncDispose]();
    });

    test("reports what the store has lost, and forgets nothing of it", async () => {
      const said: object[] = [];
      const logger = {
        debug: () => {},
        info: () => {},
        warn: () => {},
        child: () => logger,
        error: (fields: object) => void said.push(fields),
      };
      await using at = await fresh([], { logger });
      await at.world.pushImage("a", "v1", ["lost", "there"]);
      await blobs.delete(hashOf("lost"));
      clock.forward(leaseMs);
      for (let turn = 0; turn < 2; turn += 1) {
        const { run, went } = await at.collect();
        assert.deepEqual(went, [`missing-blob a ${hashOf("lost")}`]);
        assert.equal(run.missingBlobs, 1);
      }
      assert.deepEqual(said[0], { digest: hashOf("lost"), repository: "a", sizeBytes: 4 });
      await at.world.pushBlob("a", "lost");
      assert.deepEqual((await at.collect()).went, []);
      assert.deepEqual(await at.world.pull("a", "v1"), ["lost", "there"]);
    });

    test("runs one at a time, also on two servers, and another one after the first has died", async () => {
      await using at = await fresh();
      const sql = await engine.open(`collect${count}`);
      await using other = await createWorld({
        ...{ sql, directory: directory.path, blobs, clock, leaseMs },
        collector: { clock: still },
      });
      const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      await using slow = await createWorld({
        ...{ sql: at.sql, directory: directory.path, blobs, clock, leaseMs },
        collector: {
          retention: async () => {
            begun.resolve();
            await go.promise;
            return [];
          },
          clock: still,
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
      await using at = await fresh();
      const begin = { by: "bob", dryRun: false, holder: "dead", nowMs: clock.now() + 86_400_000 };
      await createRunStore(at.sql, clock).begin({ ...begin, untilMs: begin.nowMs + 60_000 });
      assert.equal((await at.collect()).run.state, "succeeded");
    });

    test("ends when it is cancelled, and the next one does the rest", async () => {
      await using at = await fresh();
      for (const content of ["a", "b", "c"]) await at.world.pushBlob("a", content);
      clock.forward(leaseMs);
      const patience = new AbortController();
      const cancelling: BlobStore = {
        ...boundTo(blobs),
        delete: async (blob, signal) => {
          await blobs.delete(blob, signal);
          patience.abort(new Error("enough"));
        },
      };
      await using cancelled = await createWorld({
        sql: at.sql,
        directory: directory.path,
        blobs: cancelling,
        clock,
        leaseMs,
        collector: { clock: still },
      });
      const run = await cancelled.collector.run({ dryRun: false, by: "bob" }, patience.signal);
      assert.equal(run.state, "cancelled");
      clock.forward(60_000);
      assert.equal((await at.collect()).run.state, "succeeded");
      assert.deepEqual(await stored(blobs), []);
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
