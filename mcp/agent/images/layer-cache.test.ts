import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { type LayerCache, openLayerCache } from "./layer-cache.ts";
import { digestOf } from "./oci-archive.ts";

const content = Buffer.alloc(100_000, "layer");
const diffId = digestOf(content);

describe("layers that arrive", () => {
  let directory: string;
  let cache: LayerCache;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "layers-"));
  });
  beforeEach(async () => {
    for (const name of await readdir(directory)) await rm(join(directory, name));
    cache = await openLayerCache({ directory, clock: systemClock, maxAgeMs: 3_600_000, maxBytes: 250_000 });
  });
  after(() => rm(directory, { recursive: true }));

  async function receive(bytes: Buffer, announced = bytes.length, named = digestOf(bytes)): Promise<void> {
    await using layer = await cache.receive(named, announced);
    await layer.write(bytes.subarray(0, 10));
    await layer.write(bytes.subarray(10));
    await layer.finish();
  }

  test("are there once they are whole", async () => {
    assert.equal(await cache.has(diffId), false);
    await receive(content);
    assert.equal(await cache.has(diffId), true);
    const read: Uint8Array[] = [];
    for await (const chunk of cache.read(diffId)) read.push(chunk);
    assert.deepEqual(Buffer.concat(read), content);
    await cache.remove(diffId);
    assert.deepEqual(await readdir(directory), []);
  });

  for (const [what, announced, named, code] of [
    ["too much", content.length - 1, diffId, "IMAGE_INCOMPLETE"],
    ["too little", content.length + 1, diffId, "IMAGE_INCOMPLETE"],
    ["something else", content.length, digestOf(Buffer.from("else")), "IMAGE_CORRUPTED"],
  ] as const)
    test(`leave nothing behind where ${what} comes`, async () => {
      await assert.rejects(receive(content, announced, named), { code });
      assert.deepEqual(await readdir(directory), []);
    });

  test("are refused where the disk has no room for them", async () => {
    await assert.rejects(cache.receive(diffId, 2 ** 50), { code: "DISK_FULL" });
  });

  test("go when they are too old or too many, but for those that are needed", async () => {
    const all = Array.from({ length: 4 }, (_, index) => Buffer.alloc(100_000, String(index)));
    for (const [index, each] of all.entries()) {
      await receive(each);
      const minutesAgo = new Date(Date.now() - (4 - index) * 60_000);
      await utimes(join(directory, digestOf(each).slice(7)), minutesAgo, minutesAgo);
    }
    const [oldest, , , newest] = all.map(digestOf);
    assert.ok(oldest !== undefined && newest !== undefined);
    await cache.prune(new Set([oldest]));
    const left = await Promise.all(all.map((each) => cache.has(digestOf(each))));
    assert.deepEqual(left, [true, false, true, true]);
    await utimes(join(directory, newest.slice(7)), new Date(0), new Date(0));
    await cache.prune(new Set());
    assert.equal(await cache.has(newest), false);
  });

  test("that an agent left unfinished are removed by the next", async () => {
    await writeFile(join(directory, `${diffId.slice(7)}.1-1.partial`), "half");
    await openLayerCache({ directory, clock: systemClock });
    assert.deepEqual(await readdir(directory), []);
  });
});
