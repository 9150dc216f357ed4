import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { descriptor, imageManifest, imageType, index, indexType, putManifest } from "./content.ts";
import { type Distribution, digestOf, type Reply, startDistribution } from "./fixture.ts";

// The order in which the specification's older suite of tests (v1.0 to v1.1.1) works in one repository: what one part leaves
// behind, such as an index without its images, the next one meets.

let registry: Distribution;
before(async () => void (registry = await startDistribution()));
after(() => registry[Symbol.asyncDispose]());

const layer = "a layer that all images share";
const configs = [0, 1, 2, 3, 4].map((at) =>
  JSON.stringify({ architecture: "amd64", os: "linux", author: `${at}` }),
);
const manifests = configs.map((config) =>
  imageManifest({
    config: { ...descriptor(config, "application/vnd.oci.image.config.v1+json"), NewUnspecifiedField: "x" },
    layers: [descriptor(layer, "application/vnd.oci.image.layer.v1.tar+gzip")],
  }),
);
const [config0 = "", config1 = "", , config3 = ""] = configs;
const [manifest0 = "", manifest1 = "", , manifest3 = ""] = manifests;

for (const blobsFirst of [true, false]) {
  test(`the parts follow one another, ${blobsFirst ? "blobs" : "manifests"} deleted first`, async () => {
    const repository = `older/${blobsFirst ? "blobs" : "manifests"}`;
    const send: Distribution["send"] = (...request) => registry.send(...request);
    const upload = async (content: string): Promise<void> => {
      const begun = await send("POST", `/v2/${repository}/blobs/uploads/`);
      const put = await send("PUT", `${begun.headers.location}?digest=${digestOf(content)}`, {
        body: content,
      });
      assert.equal(put.status, 201);
    };
    const put = async (reference: string, body: string, type = imageType): Promise<void> => {
      const reply = await putManifest(registry, repository, reference, body, type);
      assert.equal(reply.status, 201, reply.body.toString());
    };
    const remove = (kind: "blobs" | "manifests", reference: string): Promise<Reply> =>
      send("DELETE", `/v2/${repository}/${kind}/${reference}`);
    const tearDown = async (images: readonly string[], blobs: readonly string[]): Promise<void> => {
      const deletions = [
        images.map((image) => () => remove("manifests", digestOf(image))),
        blobs.map((blob) => () => remove("blobs", digestOf(blob))),
      ];
      for (const deletion of (blobsFirst ? deletions.toReversed() : deletions).flat())
        assert.ok([202, 404, 405].includes((await deletion()).status));
    };

    // 01: pull
    for (const blob of [config0, config1, layer]) await upload(blob);
    await put("tagtest0", manifest0);
    await put(digestOf(manifest1), manifest1);
    assert.equal((await send("GET", `/v2/${repository}/manifests/.INVALID_MANIFEST_NAME`)).status, 404);
    assert.equal((await putManifest(registry, repository, "sha256:totallywrong", "blablabla")).status, 400);
    await tearDown([manifest0, manifest1], [config0, config1, layer]);

    // 02: push; its index stays behind
    for (const blob of [config1, layer]) await upload(blob);
    for (const tag of ["test0", "test1", "test2", "test3"]) await put(tag, manifest1);
    await upload(config0);
    await put("tagtest0", manifest0);
    const child = { mediaType: imageType, digest: digestOf(manifest0), size: manifest0.length };
    const inner = index([child], { artifactType: "application/vnd.food.stand" });
    await put(digestOf(inner), inner, indexType);
    const outer = index([{ mediaType: indexType, digest: digestOf(inner), size: inner.length }]);
    await put(digestOf(outer), outer, indexType);
    await tearDown([manifest1], [config1, layer]);

    // 04: content management, which wants exactly 202
    for (const blob of [config3, layer]) await upload(blob);
    await put("tagtest0", manifest3);
    await put(digestOf(manifest0), manifest0);
    const tags = async (): Promise<number> =>
      ((await send("GET", `/v2/${repository}/tags/list`)).json() as { tags: unknown[] }).tags.length;
    const count = await tags();
    assert.equal((await remove("manifests", "tagtest0")).status, 202);
    assert.equal((await remove("manifests", digestOf(manifest0))).status, 202);
    assert.equal(await tags(), count - 1);
    for (const blob of [config3, layer]) assert.equal((await remove("blobs", digestOf(blob))).status, 202);
    assert.equal((await send("GET", `/v2/${repository}/blobs/${digestOf(config3)}`)).status, 404);
  });
}
