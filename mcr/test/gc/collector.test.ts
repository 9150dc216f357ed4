import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { engines } from "../metadata/engines.ts";
import { aChild, aManifest, digest } from "../metadata/pushes.ts";
import { nothingUntagged } from "./churn-pushes.ts";
import { beginCollections, graceMs, leaseMs, prepareEmptiedStore } from "./emptied-store.ts";
import { hashOf, silent, stored } from "./world.ts";

for (const engine of engines())
  describe(`a collection of garbage, with ${engine.name}`, () => {
    const suite = prepareEmptiedStore(engine, "collect");
    const { clock } = suite;

    test("without rules takes what nothing refers to, when its lease is over, and nothing else", async () => {
      await using at = await beginCollections(suite);
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
      await using at = await beginCollections(suite);
      await at.world.pushBlob("a", "layer");
      clock.forward(leaseMs - 1);
      await at.world.metadata.blob("a", hashOf("layer"));
      clock.forward(leaseMs - 1);
      assert.deepEqual((await at.collect()).went, []);
      await at.world.pushImage("a", "v1", ["layer"]);
    });

    test("leaves a blob alone that a client asked for before the manifest went that it was for", async () => {
      await using at = await beginCollections(suite);
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
      await using at = await beginCollections(suite, [rule]);
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
      await using at = await beginCollections(suite, [{ ...nothingUntagged, tags }]);
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
        await stored(suite.blobs),
      ];
      const dry = await at.collect(true);
      assert.deepEqual(
        [
          await metadata.summaries({ after: "", limit: 9 }),
          await metadata.totals(),
          await stored(suite.blobs),
        ],
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
      await using at = await beginCollections(suite, [{ ...nothingUntagged, tags }], { rules });
      await at.world.pushImage("a", "v1", ["one"]);
      await at.world.pushImage("a", "v2", ["two"]);
      clock.forward(leaseMs);
      assert.deepEqual((await at.collect()).run.tags, 1);
      assert.deepEqual(await at.world.pull("a", "v1"), ["one"]);
    });

    test("takes what the store has and the database does not know, after the grace time", async () => {
      await using at = await beginCollections(suite);
      const file = join(suite.directory, randomUUID());
      await writeFile(file, "stray");
      await suite.blobs.adopt(file, hashOf("stray"), 5);
      clock.forward(leaseMs);
      for (const dryRun of [true, false]) assert.deepEqual((await at.collect(dryRun)).went, []);
      clock.forward(graceMs - 1);
      for (const dryRun of [true, false]) assert.deepEqual((await at.collect(dryRun)).went, []);
      clock.forward(1);
      assert.deepEqual((await at.collect(true)).went, [`blob  ${hashOf("stray")}`]);
      assert.deepEqual(await stored(suite.blobs), [hashOf("stray")]);
      assert.deepEqual((await at.collect()).went, [`blob  ${hashOf("stray")}`]);
      assert.deepEqual(await stored(suite.blobs), []);
    });

    test("leaves time to notice that the database is an old or an empty one beside a full store", async () => {
      const warnings: object[] = [];
      const logger = { ...silent, warn: (fields: object) => void warnings.push(fields) };
      await using right = await beginCollections(suite);
      await right.world.pushImage("a", "v1", ["one", "two"]);
      clock.forward(100 * graceMs);
      const sql = await suite.openNew();
      await using wrong = await suite.world(sql, { graceMs, logger });
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
      await using at = await beginCollections(suite, [], { logger });
      await at.world.pushImage("a", "v1", ["lost", "there"]);
      await suite.blobs.delete(hashOf("lost"));
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
  });
