import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import {
  createTemporaryDirectory,
  type TemporaryDirectory,
} from "@metacircular/testkit/temporary-directory.ts";
import type { BlobStore } from "../../blobs/blob-store.ts";
import { openFileStore } from "../../blobs/file-store.ts";
import { openS3Store } from "../../blobs/s3-store.ts";
import { collect, contentOf, fileOf, randomContent } from "./content.ts";
import { createTestBucket } from "./s3-bucket.ts";

/** One table of cases: what every store promises. */
const cases: Record<string, (store: BlobStore, directory: string) => Promise<void>> = {
  "has nothing at first": async (store) => {
    const { digest } = randomContent(10);
    assert.equal(await store.stat(digest), undefined);
    await assert.rejects(store.read(digest), { code: "BLOB_MISSING", category: "not-found" });
  },
  "gives back what it adopted, and takes the file away": async (store, directory) => {
    const content = randomContent(100_000);
    const file = await fileOf(directory, content);
    const beforeMs = Date.now() - 2_000;
    await store.adopt(file, content.digest, content.bytes.length);
    assert.equal(existsSync(file), false);
    const found = await store.stat(content.digest);
    assert.equal(found?.sizeBytes, 100_000);
    assert.ok(found.storedAtMs >= beforeMs && found.storedAtMs <= Date.now() + 2_000, `${found.storedAtMs}`);
    assert.deepEqual(await collect(await store.read(content.digest)), content.bytes);
  },
  "keeps the two algorithms apart": async (store, directory) => {
    const content = randomContent(5_000, "sha512");
    await store.adopt(await fileOf(directory, content), content.digest, 5_000);
    assert.deepEqual(await collect(await store.read(content.digest)), content.bytes);
    assert.equal(await store.stat(contentOf(content.bytes).digest), undefined);
  },
  "keeps an empty blob": async (store, directory) => {
    const content = contentOf("");
    await store.adopt(await fileOf(directory, content), content.digest, 0);
    assert.equal((await store.stat(content.digest))?.sizeBytes, 0);
    assert.equal((await collect(await store.read(content.digest))).length, 0);
  },
  "reads ranges, both ends included": async (store, directory) => {
    const content = randomContent(300_000);
    await store.adopt(await fileOf(directory, content), content.digest, 300_000);
    for (const [start, end] of [
      [0, 0],
      [299_999, 299_999],
      [1, 299_998],
      [65_535, 65_536],
      [0, 299_999],
      [5, 4],
    ] as const) {
      const part = await collect(await store.read(content.digest, { start, end }));
      assert.deepEqual(part, content.bytes.subarray(start, end + 1), `${start}-${end}`);
    }
  },
  "keeps a blob of several parts": async (store, directory) => {
    const content = randomContent(20 * 1024 * 1024 + 17);
    await store.adopt(await fileOf(directory, content), content.digest, content.bytes.length);
    const read = await collect(await store.read(content.digest));
    assert.equal(contentOf(read).digest, content.digest);
    const [start, end] = [8 * 1024 * 1024 - 5, 8 * 1024 * 1024 + 5];
    const part = await collect(await store.read(content.digest, { start, end }));
    assert.deepEqual(part, content.bytes.subarray(start, end + 1));
  },
  "adopts what it has already, and the file is gone as well": async (store, directory) => {
    const content = randomContent(1_000);
    await store.adopt(await fileOf(directory, content), content.digest, 1_000);
    const again = await fileOf(directory, content);
    await store.adopt(again, content.digest, 1_000);
    assert.equal(existsSync(again), false);
    assert.deepEqual(await collect(await store.read(content.digest)), content.bytes);
  },
  "adopts the same content from many at once": async (store, directory) => {
    const content = randomContent(50_000);
    const files = await Promise.all(Array.from({ length: 8 }, () => fileOf(directory, content)));
    await Promise.all(files.map((file) => store.adopt(file, content.digest, 50_000)));
    assert.deepEqual(files.filter(existsSync), []);
    assert.deepEqual(await collect(await store.read(content.digest)), content.bytes);
  },
  "shows nothing where the file is not as long as was said": async (store, directory) => {
    const content = randomContent(1_000);
    const file = await fileOf(directory, content);
    for (const wrong of [999, 1_001]) {
      await assert.rejects(store.adopt(file, content.digest, wrong), { code: "BLOB_STORE_UNAVAILABLE" });
    }
    assert.equal(await store.stat(content.digest), undefined);
    await store.adopt(file, content.digest, 1_000);
  },
  "deletes, and what is absent too": async (store, directory) => {
    const content = randomContent(1_000);
    await store.adopt(await fileOf(directory, content), content.digest, 1_000);
    await store.delete(content.digest);
    assert.equal(await store.stat(content.digest), undefined);
    await assert.rejects(store.read(content.digest), { code: "BLOB_MISSING" });
    await store.delete(content.digest);
  },
  "lists everything once": async (store, directory) => {
    const contents = Array.from({ length: 12 }, (_, index) =>
      randomContent(100 + index, index % 2 === 0 ? "sha256" : "sha512"),
    );
    for (const content of contents) {
      await store.adopt(await fileOf(directory, content), content.digest, content.bytes.length);
    }
    const listed = await Array.fromAsync(store.list());
    assert.equal(new Set(listed.map(({ digest }) => digest)).size, listed.length);
    const sizes = new Map(listed.map(({ digest, sizeBytes }) => [digest, sizeBytes]));
    for (const { digest, bytes } of contents) assert.equal(sizes.get(digest), bytes.length);
  },
  "lets go of a read that nobody wants any more": async (store, directory) => {
    const content = randomContent(4 * 1024 * 1024);
    await store.adopt(await fileOf(directory, content), content.digest, content.bytes.length);
    const unwanted = await store.read(content.digest);
    await unwanted[Symbol.asyncDispose]();
    const abort = new AbortController();
    const stream = await store.read(content.digest, undefined, abort.signal);
    abort.abort(new Error("enough"));
    await assert.rejects(collect(stream));
  },
  "obeys a signal from before": async (store, directory) => {
    const content = randomContent(10);
    const file = await fileOf(directory, content);
    const signal = AbortSignal.abort(new Error("enough"));
    for (const refused of [
      store.stat(content.digest, signal),
      store.read(content.digest, undefined, signal),
      store.adopt(file, content.digest, 10, signal),
      store.delete(content.digest, signal),
      store.check(signal),
      Array.fromAsync(store.list(signal)),
    ]) {
      await assert.rejects(refused, { message: "enough" });
    }
    assert.equal(await store.stat(content.digest), undefined);
  },
  "says that it can be used": (store) => store.check(),
};

const stores: Record<string, (directory: string, cleanup: AsyncDisposableStack) => Promise<BlobStore>> = {
  file: (directory) => openFileStore({ directory: join(directory, "blobs"), clock: systemClock }),
  s3: async (directory, cleanup) => {
    const { settings } = cleanup.use(await createTestBucket(join(directory, "s3")));
    return openS3Store({ ...settings, clock: systemClock });
  },
};

for (const [kind, open] of Object.entries(stores)) {
  describe(`a ${kind} store`, () => {
    const cleanup = new AsyncDisposableStack();
    let directory: TemporaryDirectory;
    let store: BlobStore;
    let staging: string;
    before(async () => {
      directory = cleanup.use(await createTemporaryDirectory());
      staging = join(directory.path, "staging");
      await mkdir(staging);
      store = cleanup.use(await open(directory.path, cleanup));
    });
    after(() => cleanup.disposeAsync());
    for (const [name, run] of Object.entries(cases)) test(name, () => run(store, staging));
  });
}
