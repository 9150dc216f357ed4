import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Metadata } from "../../metadata/metadata.ts";
import { createMetadata } from "../../metadata/store.ts";
import { seededRandom } from "../gc/churn-pushes.ts";
import { engines } from "./engines.ts";
import { aBlob, aManifest, digest, handClock, holdBlob, sizeBytes } from "./pushes.ts";

const steps = 150;
const page = { after: "", limit: 1_000 };

/** What one repository holds, as simply as it can be said. */
interface Model {
  readonly blobs: Set<string>;
  /** The blob that each manifest refers to. */
  readonly manifests: Map<string, string>;
  readonly tags: Map<string, string>;
}

for (const engine of engines())
  describe(`random operations on metadata in ${engine.name}`, () => {
    before(() => engine.prepare());
    after(() => engine.dispose());

    test("end as a simple model says, and all counters are right after each", async (t) => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      t.diagnostic(`seed ${seed}`);
      await using sql = await engine.open("model");
      const metadata = createMetadata({ sql, clock: handClock(), leaseMs: 60_000 });
      const random = seededRandom(seed);
      const models = new Map<string, Model>();
      for (let step = 0; step < steps; step += 1) {
        const repository = `r${Math.floor(random() * 2)}`;
        const model = models.get(repository) ?? { blobs: new Set(), manifests: new Map(), tags: new Map() };
        const made = await operate(metadata, repository, model, random);
        if (made) models.set(repository, model);
        for (const [name, expected] of models) await compare(metadata, name, expected);
      }
    });
  });

/** @returns whether the repository exists now because of it */
async function operate(
  metadata: Metadata,
  repository: string,
  model: Model,
  random: () => number,
): Promise<boolean> {
  const name = (kind: string): string => `${kind}${Math.floor(random() * 4)}`;
  const [blob, manifest, tag] = [name("blob"), name("manifest"), name("tag")];
  switch (Math.floor(random() * 5)) {
    case 0:
      await holdBlob(metadata, repository, blob);
      model.blobs.add(blob);
      return true;
    case 1: {
      // What a manifest refers to is part of its content.
      const needed = `blob${manifest.at(-1)}`;
      const push = metadata.putManifest(
        aManifest(manifest, { repository, references: [aBlob(needed)], tags: [tag] }),
      );
      if (!model.blobs.has(needed)) {
        await assert.rejects(push, { code: "MANIFEST_BLOB_UNKNOWN" });
        return false;
      }
      assert.equal((await push).created, !model.manifests.has(manifest));
      model.manifests.set(manifest, needed);
      model.tags.set(tag, manifest);
      return true;
    }
    case 2: {
      const stoodFor = model.tags.get(tag);
      assert.equal(
        await metadata.deleteTag(repository, tag),
        stoodFor === undefined ? undefined : digest(stoodFor),
      );
      model.tags.delete(tag);
      return false;
    }
    case 3: {
      const gone = [...model.tags]
        .filter(([, of]) => of === manifest)
        .map(([tagName]) => tagName)
        .toSorted();
      const expected = model.manifests.delete(manifest) ? gone : undefined;
      assert.deepEqual(await metadata.deleteManifest(repository, digest(manifest)), expected);
      for (const tagName of gone) model.tags.delete(tagName);
      return false;
    }
    default: {
      const unlinked = metadata.unlinkBlob(repository, digest(blob));
      if ([...model.manifests.values()].includes(blob))
        await assert.rejects(unlinked, { code: "BLOB_IN_USE" });
      else assert.equal(await unlinked, model.blobs.delete(blob));
      return false;
    }
  }
}

async function compare(metadata: Metadata, name: string, model: Model): Promise<void> {
  const tags = (await metadata.tags(name, page)) ?? [];
  assert.deepEqual(
    new Map(tags.map((tag) => [tag.name, tag.digest])),
    new Map([...model.tags].map(([tag, of]) => [tag, digest(of)])),
  );
  const summary = await metadata.repository(name);
  const manifestBytes = [...model.manifests.keys()].reduce((sum, manifest) => sum + manifest.length, 0);
  assert.deepEqual(
    [summary?.tags, summary?.manifests, summary?.sizeBytes],
    [model.tags.size, model.manifests.size, model.blobs.size * sizeBytes + manifestBytes],
  );
}
