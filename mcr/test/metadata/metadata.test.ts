import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import type { Metadata } from "../../metadata/metadata.ts";
import { createMetadata } from "../../metadata/store.ts";
import { engines } from "./engines.ts";
import {
  aBlob,
  aChild,
  aManifest,
  digest,
  type HandClock,
  handClock,
  holdBlob,
  sizeBytes,
} from "./pushes.ts";

const all = { after: "", limit: 1_000 };
const repository = "team/app";
const leaseMs = 60_000;

for (const engine of engines())
  describe(`metadata in ${engine.name}`, () => {
    let sql: SqlDatabase;
    let metadata: Metadata;
    let clock: HandClock;
    before(() => engine.prepare());
    after(() => engine.dispose());
    let count = 0;

    /** Each test has a database of its own. */
    async function fresh(): Promise<AsyncDisposable> {
      count += 1;
      sql = await engine.open(`case${count}`);
      clock = handClock();
      metadata = createMetadata({ sql, clock, leaseMs });
      return sql;
    }

    test("holds a blob in the repositories it was pushed or mounted to, and in no other", async () => {
      await using _ = await fresh();
      await holdBlob(metadata, "b/app", "layer");
      await holdBlob(metadata, "a/app", "layer");
      assert.deepEqual(await metadata.blob("a/app", digest("layer")), { sizeBytes });
      assert.equal(await metadata.blob("c/app", digest("layer")), undefined);
      assert.deepEqual(await metadata.holders(digest("layer"), all), ["a/app", "b/app"]);
      assert.deepEqual(await metadata.holders(digest("layer"), { after: "a/app", limit: 1 }), ["b/app"]);
      assert.equal((await metadata.repository("a/app"))?.sizeBytes, sizeBytes);
    });

    test("says of a lease whether the blob is in the store already", async () => {
      await using _ = await fresh();
      assert.equal((await metadata.leaseBlob(digest("x"), 1)).isStored, false);
      await holdBlob(metadata, repository, "x");
      assert.equal((await metadata.leaseBlob(digest("x"), 1)).isStored, true);
    });

    test("lets a blob go that no manifest of the repository refers to, and keeps it elsewhere", async () => {
      await using _ = await fresh();
      await holdBlob(metadata, repository, "layer");
      await holdBlob(metadata, "other", "layer");
      assert.equal(await metadata.unlinkBlob(repository, digest("layer")), true);
      assert.equal(await metadata.unlinkBlob(repository, digest("layer")), false);
      assert.equal(await metadata.unlinkBlob("nowhere", digest("layer")), false);
      assert.equal(await metadata.blob(repository, digest("layer")), undefined);
      assert.deepEqual(await metadata.blob("other", digest("layer")), { sizeBytes });
      await metadata.putManifest(aManifest("m", { repository: "other", references: [aBlob("layer")] }));
      await assert.rejects(metadata.unlinkBlob("other", digest("layer")), { code: "BLOB_IN_USE" });
    });

    test("stores a manifest byte for byte with its tags, and says what they stood for", async () => {
      await using _ = await fresh();
      const first = await metadata.putManifest(aManifest("one", { tags: ["v1", "latest"] }));
      assert.deepEqual(first, { previous: new Map(), created: true });
      clock.forward(5);
      const second = await metadata.putManifest(aManifest("two", { tags: ["latest", "latest"], by: "bob" }));
      assert.deepEqual(second, { previous: new Map([["latest", digest("one")]]), created: true });
      const again = await metadata.putManifest(aManifest("two", { tags: ["latest"] }));
      assert.deepEqual(again, { previous: new Map([["latest", digest("two")]]), created: false });
      const found = await metadata.manifest(repository, { tag: "latest" });
      assert.equal(new TextDecoder().decode(found?.content), "two");
      assert.deepEqual(await metadata.manifest(repository, digest("two")), found);
      assert.equal(found?.pushedAtMs, clock.now());
      assert.equal(await metadata.manifest(repository, { tag: "none" }), undefined);
      assert.equal(await metadata.manifest("other", digest("two")), undefined);
      assert.deepEqual(
        (await metadata.tags(repository, all))?.map((tag) => [tag.name, tag.digest]),
        [
          ["latest", digest("two")],
          ["v1", digest("one")],
        ],
      );
      assert.deepEqual(await metadata.tagsOf(repository, digest("one")), ["v1"]);
    });

    test("refuses a manifest whose blobs or children the repository lacks, and keeps nothing of it", async () => {
      await using _ = await fresh();
      await holdBlob(metadata, "elsewhere", "other");
      await holdBlob(metadata, repository, "mine");
      const references = [aBlob("mine"), aBlob("other"), aBlob("none"), aChild("child")];
      await assert.rejects(metadata.putManifest(aManifest("m", { references, tags: ["t"] })), {
        code: "MANIFEST_BLOB_UNKNOWN",
        facts: { digests: [digest("other"), digest("none"), digest("child")].join(" ") },
      });
      assert.equal(await metadata.manifest(repository, { tag: "t" }), undefined);
      assert.equal((await metadata.repository(repository))?.manifests, 0);
      await metadata.putManifest(aManifest("m", { references: [aChild("child")], mayLack: "manifests" }));
      assert.deepEqual(await metadata.references(repository, digest("m")), [aChild("child")]);
    });

    test("moves a tag only where its rule lets it, and undoes the push otherwise", async () => {
      await using _ = await fresh();
      await metadata.putManifest(aManifest("one", { tags: ["v1"] }));
      const asked: unknown[] = [];
      const mayMove = (...change: unknown[]): void => {
        asked.push(change);
        throw new Error("it is immutable");
      };
      await assert.rejects(
        metadata.putManifest(aManifest("two", { tags: ["new", "v1"], mayMove })),
        /immutable/,
      );
      assert.deepEqual(asked.at(-1), ["v1", digest("one"), digest("two")]);
      assert.equal(await metadata.manifest(repository, digest("two")), undefined);
      assert.equal(await metadata.manifest(repository, { tag: "new" }), undefined);
      await metadata.putManifest(aManifest("one", { tags: ["v1"], mayMove }));
    });

    test("refuses what is beyond the quota, counting each blob and manifest once", async () => {
      await using _ = await fresh();
      await holdBlob(metadata, repository, "a", 250);
      await holdBlob(metadata, repository, "b", 250);
      await holdBlob(metadata, repository, "b", 250);
      await assert.rejects(holdBlob(metadata, repository, "c", 250), {
        code: "QUOTA_EXCEEDED",
        category: "resource-exhausted",
      });
      assert.equal(await metadata.blob(repository, digest("c")), undefined);
      const large = aManifest("m", { content: new Uint8Array(51), quotaBytes: 250 });
      await assert.rejects(metadata.putManifest(large), { code: "QUOTA_EXCEEDED" });
      await metadata.putManifest({ ...large, content: new Uint8Array(50) });
      await metadata.putManifest({ ...large, content: new Uint8Array(50) });
      assert.equal((await metadata.repository(repository))?.sizeBytes, 250);
    });

    test("deletes a manifest with its tags, but none that an index names", async () => {
      await using _ = await fresh();
      await metadata.putManifest(aManifest("child", { tags: ["b", "a"] }));
      await metadata.putManifest(aManifest("index", { references: [aChild("child")] }));
      assert.deepEqual(await metadata.includedBy(repository, digest("child"), 5), [digest("index")]);
      await assert.rejects(metadata.deleteManifest(repository, digest("child")), { code: "MANIFEST_IN_USE" });
      assert.deepEqual(await metadata.deleteManifest(repository, digest("index")), []);
      const refuse = (tag: string): void => {
        if (tag === "b") throw new Error("b must stay");
      };
      await assert.rejects(
        metadata.deleteManifest(repository, digest("child"), { mayDelete: refuse }),
        /b must stay/,
      );
      assert.deepEqual(await metadata.deleteManifest(repository, digest("child")), ["a", "b"]);
      assert.equal(await metadata.deleteManifest(repository, digest("child")), undefined);
      assert.deepEqual(await metadata.tags(repository, all), []);
      assert.equal(await metadata.tags("nowhere", all), undefined);
    });

    test("deletes what is in use where that is asked for, and what used it stays, incomplete", async () => {
      await using _ = await fresh();
      await holdBlob(metadata, repository, "layer");
      await metadata.putManifest(aManifest("child", { references: [aBlob("layer")] }));
      await metadata.putManifest(aManifest("index", { references: [aChild("child")] }));
      const evenIfInUse = { evenIfInUse: true };
      assert.equal(await metadata.unlinkBlob(repository, digest("layer"), evenIfInUse), true);
      assert.equal(await metadata.blob(repository, digest("layer")), undefined);
      assert.deepEqual(await metadata.deleteManifest(repository, digest("child"), evenIfInUse), []);
      assert.deepEqual(await metadata.references(repository, digest("index")), [aChild("child")]);
      assert.equal((await metadata.repository(repository))?.sizeBytes, "index".length);
    });

    test("deletes nothing that the image of a tag needs that must stay, neither directly nor by an index", async () => {
      await using _ = await fresh();
      await holdBlob(metadata, repository, "layer");
      await metadata.putManifest(aManifest("child", { references: [aBlob("layer")] }));
      await metadata.putManifest(aManifest("index", { references: [aChild("child")] }));
      await metadata.putManifest(aManifest("outer", { references: [aChild("index")], tags: ["kept"] }));
      const asked: unknown[] = [];
      const deletion = {
        evenIfInUse: true,
        mayDelete: (tag: string, from: string): void => {
          asked.push([tag, from]);
          throw new Error("it must stay");
        },
      };
      await assert.rejects(metadata.unlinkBlob(repository, digest("layer"), deletion), /it must stay/);
      await assert.rejects(metadata.deleteManifest(repository, digest("child"), deletion), /it must stay/);
      await assert.rejects(metadata.deleteManifest(repository, digest("index"), deletion), /it must stay/);
      const kept = ["kept", digest("outer")];
      assert.deepEqual(asked, [kept, kept, kept]);
      assert.deepEqual(await metadata.references(repository, digest("child")), [aBlob("layer")]);
      await metadata.deleteTag(repository, "kept");
      assert.equal(await metadata.unlinkBlob(repository, digest("layer"), deletion), true);
    });

    test("deletes a tag, and the manifest stays", async () => {
      await using _ = await fresh();
      await metadata.putManifest(aManifest("m", { tags: ["v1", "v2"] }));
      assert.equal(await metadata.deleteTag(repository, "v1"), digest("m"));
      assert.equal(await metadata.deleteTag(repository, "v1"), undefined);
      assert.equal((await metadata.repository(repository))?.tags, 1);
      assert.ok(await metadata.manifest(repository, digest("m")));
    });

    test("lists tags in pages by their bytes, from after any text", async () => {
      await using _ = await fresh();
      const tags = ["1.0", "A", "Z", "_", "a", "a-1", "a.1", "aB", "b"];
      await metadata.putManifest(aManifest("m", { tags: tags.toReversed() }));
      const page = async (after: string, limit: number): Promise<unknown> =>
        (await metadata.tags(repository, { after, limit }))?.map(({ name }) => name);
      assert.deepEqual(await page("", 100), tags);
      assert.deepEqual(await page("", 2), ["1.0", "A"]);
      assert.deepEqual(await page("Zz", 2), ["_", "a"]);
      assert.deepEqual(await page("b", 2), []);
      assert.deepEqual(await page("", 0), []);
    });

    test("lists what refers to a subject, which need not be there, by digest and kind", async () => {
      await using _ = await fresh();
      const subject = digest("image");
      const annotations = { created: "today", ü: "'" };
      for (const name of ["s1", "s2", "s3"])
        await metadata.putManifest(
          aManifest(name, { subject, artifactType: name === "s3" ? "sbom" : "signature", annotations }),
        );
      const found = await metadata.referrers(repository, subject, all);
      const digests = ["s1", "s2", "s3"].map(digest).toSorted();
      assert.deepEqual(
        found.map((one) => one.digest),
        digests,
      );
      assert.deepEqual(found[0]?.annotations, annotations);
      const sboms = await metadata.referrers(repository, subject, { ...all, artifactType: "sbom" });
      assert.deepEqual(
        sboms.map((one) => one.digest),
        [digest("s3")],
      );
      const page = await metadata.referrers(repository, subject, { after: digests[0] ?? "", limit: 1 });
      assert.deepEqual(
        page.map((one) => one.digest),
        [digests[1]],
      );
      assert.deepEqual(await metadata.referrers("other", subject, all), []);
    });

    test("lists few at once of what is large, but all of it in the end", async () => {
      await using _ = await fresh();
      const subject = digest("image");
      const names = ["l1", "l2", "l3", "l4"];
      for (const name of names) {
        const content = new Uint8Array(2_000_000);
        const annotations = { text: "x".repeat(1_900_000) };
        await metadata.putManifest(aManifest(name, { subject, content, annotations }));
      }
      const found: string[] = [];
      const counts: number[] = [];
      for (let length = 1; length > 0;) {
        const page = await metadata.referrers(repository, subject, { after: found.at(-1) ?? "", limit: 100 });
        ({ length } = page);
        counts.push(length);
        found.push(...page.map((one) => one.digest));
      }
      assert.deepEqual(found, names.map(digest).toSorted());
      assert.deepEqual(counts, [2, 2, 0]);
    });

    test("sums up repositories without counting, and forgets one with all that it holds", async () => {
      await using _ = await fresh();
      await holdBlob(metadata, "b", "x");
      await metadata.putManifest(
        aManifest("m", { repository: "b", tags: ["t", "u"], references: [aBlob("x")] }),
      );
      await metadata.putManifest(aManifest("m", { repository: "a" }));
      await metadata.recordPulls([
        { repository: "b", digest: digest("m"), tag: "t", atMs: 7 },
        { repository: "b", digest: digest("m"), tag: undefined, atMs: 9 },
        { repository: "gone", digest: digest("m"), tag: "t", atMs: 9 },
      ]);
      const b = {
        name: "b",
        tags: 2,
        manifests: 1,
        sizeBytes: sizeBytes + 1,
        lastPushAtMs: clock.now(),
        lastPullAtMs: 9,
      };
      assert.deepEqual(await metadata.summaries({ after: "a", limit: 5 }), [b]);
      assert.deepEqual(
        (await metadata.tags("b", all))?.map((tag) => tag.lastPullAtMs),
        [7, 0],
      );
      assert.deepEqual(await metadata.repositories({ after: "", limit: 1 }), ["a"]);
      assert.deepEqual(await metadata.totals(), {
        repositories: 2,
        manifests: 2,
        tags: 2,
        blobs: 1,
        blobBytes: sizeBytes,
      });
      await assert.rejects(
        metadata.deleteRepository("b", (tag, of) => {
          throw new Error(`${tag} of ${of}`);
        }),
        new RegExp(`[tu] of ${digest("m")}`),
      );
      assert.equal(await metadata.deleteRepository("b"), true);
      assert.equal(await metadata.deleteRepository("b"), false);
      assert.equal(await metadata.blob("b", digest("x")), undefined);
      assert.deepEqual(await metadata.repositories(all), ["a"]);
    });

    test("takes many pushes to one repository at once, and counts them right", async () => {
      await using _ = await fresh();
      await Promise.all(
        Array.from({ length: 30 }, async (_, index) => {
          await holdBlob(metadata, repository, `layer ${index % 10}`);
          const references = [aBlob(`layer ${index % 10}`)];
          await metadata.putManifest(aManifest(`m${index % 15}`, { references, tags: [`t${index}`] }));
        }),
      );
      const summary = await metadata.repository(repository);
      assert.equal(summary?.tags, 30);
      assert.equal(summary.manifests, 15);
      assert.equal(summary.sizeBytes, 10 * sizeBytes + 10 * 2 + 5 * 3);
    });
  });
