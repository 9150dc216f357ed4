import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import type { Image } from "../runtime/runtime.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createManualClock } from "../test/monitor-fakes.ts";
import { checkDescription, type ImageDescription } from "./image-description.ts";
import { createImagePushes, type ImagePushes } from "./image-pushes.ts";
import { createImageStore, type StoreRuntime } from "./image-store.ts";
import { openLayerCache } from "./layer-cache.ts";
import { digestOf } from "./oci-archive.ts";
import { nodeArchitecture } from "./platform.ts";

const logger = createLogger({ name: "test", level: "error" });
const by = { service: "shop", caller: "kyle" };
const contents = [Buffer.from("below"), Buffer.from("above")];
const diffIds = contents.map(digestOf);
const config = Buffer.from(
  JSON.stringify({ architecture: nodeArchitecture(), os: "linux", rootfs: { diff_ids: diffIds } }),
);
const image: ImageDescription = {
  name: "localhost/shop:v1",
  id: digestOf(config).slice(7),
  architecture: nodeArchitecture(),
  os: "linux",
  diffIds,
};
const sizes = contents.map(({ length }) => length);

describe("a push of an image", () => {
  let directory: string;
  /** Digests of layers, and images by name and id. */
  let store: { layers: Set<string>; images: Map<string, Image>; loads: number };
  let onLoad: () => Promise<void>;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "pushes-"));
  });
  beforeEach(() => {
    store = { layers: new Set(), images: new Map(), loads: 0 };
    onLoad = async () => {};
  });
  after(() => rm(directory, { recursive: true }));

  const stored: Image = {
    ...{ id: image.id, digest: "sha256:1", digests: ["sha256:1"] },
    ...{ architecture: image.architecture, os: "linux", layers: diffIds },
  };
  const runtime: StoreRuntime = {
    image: async (name) => store.images.get(name),
    imageLayers: async () => store.layers,
    async loadImage(archive) {
      store.loads += 1;
      for await (const _chunk of archive());
      await onLoad();
      for (const diffId of diffIds) store.layers.add(diffId);
      for (const name of [image.name, image.id]) store.images.set(name, stored);
    },
    tagImage: async (_id, name) => void store.images.set(name, stored),
    storageDirectory: async () => directory,
  };

  async function open(options: { idleMs?: number; limit?: number } = {}): Promise<ImagePushes> {
    const cache = await openLayerCache({ directory: join(directory, "layers"), clock: systemClock });
    const images = createImageStore(runtime, cache);
    return createImagePushes({ store: images, cache, clock: systemClock, logger, ...options });
  }

  async function sendLayer(pushes: ImagePushes, index: number): Promise<void> {
    await using push = await pushes.begin(image, by);
    await push.layer(diffIds[index] ?? "", sizes[index] ?? 0);
    await push.write(contents[index] ?? Buffer.alloc(0));
    await push.configure(config);
  }

  test("is made of what arrived before, what is there and what is sent", async () => {
    await using pushes = await open();
    assert.deepEqual(await pushes.missing(image), { diffIds, present: false, namedId: "" });
    await sendLayer(pushes, 0);
    assert.deepEqual((await pushes.missing(image)).diffIds, [diffIds[1]]);
    await using push = await pushes.begin(image, by);
    await push.layer(diffIds[1] ?? "", sizes[1] ?? 0);
    await push.write(contents[1] ?? Buffer.alloc(0));
    await push.configure(config);
    const pushed = await push.finish(sizes, new AbortController().signal);
    assert.deepEqual(pushed, { id: image.id, digest: "sha256:1", imported: true, receivedBytes: sizes[1] });
    assert.deepEqual(await pushes.missing(image), { diffIds: [], present: true, namedId: image.id });
    assert.deepEqual(await readdir(join(directory, "layers")), []);
  });

  test("needs nothing but its name where the image is there", async () => {
    store.images.set(image.id, stored);
    await using pushes = await open();
    await using push = await pushes.begin(image, by);
    assert.equal((await push.finish([], new AbortController().signal)).imported, false);
    assert.equal(store.loads, 0);
    assert.equal(store.images.get(image.name)?.id, image.id);
  });

  test("says which layer disappeared from the node meanwhile", async () => {
    store.layers.add(diffIds[0] ?? "");
    await using pushes = await open();
    await using push = await pushes.begin(image, by);
    await push.layer(diffIds[1] ?? "", sizes[1] ?? 0);
    await push.write(contents[1] ?? Buffer.alloc(0));
    await push.configure(config);
    onLoad = async () => {
      store.layers.clear();
      throw new Error("payload does not match any of the supported image formats");
    };
    await assert.rejects(push.finish(sizes, new AbortController().signal), {
      code: "IMAGE_LAYER_MISSING",
      found: `its layer ${diffIds[0]} is not on the node any more`,
    });
  });

  for (const [what, send, code] of [
    ["a layer of another image", (push) => push.layer(digestOf(config), 1), "IMAGE_STREAM_INVALID"],
    ["content without a layer", (push) => push.write(config), "IMAGE_STREAM_INVALID"],
    ["another configuration", (push) => push.configure(Buffer.from("{}")), "IMAGE_CORRUPTED"],
    [
      "an end without the configuration",
      (push) => push.finish(sizes, AbortSignal.timeout(9_000)),
      "IMAGE_STREAM_INVALID",
    ],
  ] as const satisfies readonly [
    string,
    (push: Awaited<ReturnType<ImagePushes["begin"]>>) => Promise<unknown>,
    string,
  ][])
    test(`refuses ${what}`, async () => {
      await using pushes = await open();
      await using push = await pushes.begin(image, by);
      await assert.rejects(send(push), { code });
    });

  test("lives as long as there are signs of life, and leaves its layers for a day, also when nobody pushes again", async () => {
    const clock = createManualClock();
    const cache = await openLayerCache({ directory: join(directory, "layers"), clock });
    const pushes = createImagePushes({ store: createImageStore(runtime, cache), cache, clock, logger });
    const push = await pushes.begin(image, by);
    for (let seconds = 0; seconds < 600; seconds += 20) {
      await push.write(Buffer.alloc(0));
      await clock.advance(20_000);
    }
    assert.equal(push.signal.aborted, false);
    await clock.advance(130_000);
    assert.match(String(push.signal.reason), /nothing arrived/u);
    await push[Symbol.asyncDispose]();

    await using left = await pushes.begin(image, by);
    await left.layer(diffIds[0] ?? "", sizes[0] ?? 0);
    await left.write(contents[0] ?? Buffer.alloc(0));
    await left.configure(config);
    await left[Symbol.asyncDispose]();
    const file = join(directory, "layers", diffIds[0]?.slice(7) ?? "");
    const timeS = clock.now() / 1000;
    await utimes(file, timeS, timeS);
    const passHours = async (hours: number): Promise<void> => {
      for (let hour = 0; hour < hours; hour += 1) {
        // A look at the layers takes time of the disk, which is not the clock's.
        await eventually(() => assert.equal(clock.sleeping(), 1));
        await clock.advance(3_600_000);
      }
      await eventually(() => assert.equal(clock.sleeping(), 1));
    };
    await passHours(23);
    assert.equal(await cache.has(diffIds[0] ?? ""), true);
    await passHours(2);
    assert.equal(await cache.has(diffIds[0] ?? ""), false);
    await pushes[Symbol.asyncDispose]();
  });

  test("is one of few, and ends when nothing arrives or the agent does", async () => {
    await using pushes = await open({ idleMs: 20, limit: 1 });
    const push = await pushes.begin(image, by);
    await assert.rejects(pushes.begin(image, by), { code: "IMAGE_PUSHES_BUSY" });
    if (!push.signal.aborted)
      await new Promise((resolve) => push.signal.addEventListener("abort", resolve, { once: true }));
    assert.match(String(push.signal.reason), /nothing arrived/u);
    await assert.rejects(push.write(config), { code: "IMAGE_PUSH_STALLED" });
    await push[Symbol.asyncDispose]();
    const patient = await open();
    const next = await patient.begin(image, by);
    const closing = patient[Symbol.asyncDispose]();
    assert.match(String(next.signal.reason), /the agent is stopping/u);
    await next[Symbol.asyncDispose]();
    await closing;
  });
});

describe("the description of an image", () => {
  test("is taken as it is", () => assert.equal(checkDescription(image), image));

  for (const [what, fields] of [
    ["no tag", { name: "localhost/shop" }],
    ["the tag latest", { name: "localhost/shop:latest" }],
    ["a digest in its name", { name: `localhost/shop:v1@${diffIds[0]}` }],
    ["a name that is none", { name: "../shop:v1" }],
    ["an id that is none", { id: "../../etc/passwd" }],
    ["a layer that is a path", { diffIds: ["sha256:../../etc/passwd"] }],
    ["too many layers", { diffIds: Array.from({ length: 513 }, () => diffIds[0] ?? "") }],
    ["no architecture", { architecture: "" }],
  ] as const)
    test(`is refused with ${what}`, () => {
      assert.throws(() => checkDescription({ ...image, ...fields }), { code: "IMAGE_INVALID" });
    });
});
