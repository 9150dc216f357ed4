import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lookUpTag } from "./tags.ts";

const id = "a".repeat(64);
const image = { id, digests: ["sha256:local", "sha256:pulled"], architecture: "amd64", os: "linux" };

/** A registry with these manifests by digest, whose tag `v1` names the first; and what is remembered. */
function world(manifests: Record<string, Record<string, unknown>>) {
  const asked: string[] = [];
  const remembered = new Map<string, string[]>();
  return {
    asked,
    remembered,
    registry: {
      address: "mcr.example.net",
      digestOf: async () => Object.keys(manifests)[0],
      async manifest(_repository: string, digest: string) {
        asked.push(digest);
        return manifests[digest] ?? {};
      },
    },
    known: {
      of: (imageId: string, repository: string) => remembered.get(`${imageId} ${repository}`) ?? [],
      record: (imageId: string, repository: string, digest: string) =>
        void remembered.set(`${imageId} ${repository}`, [digest]),
    },
  };
}

const v1 = { repository: "team/web", tag: "v1" };
const member = (digest: string, architecture: string) => ({
  digest,
  platform: { architecture, os: "linux" },
});
const configured = (of: string) => ({ config: { digest: `sha256:${of}` } });

describe("lookUpTag", () => {
  test("knows the image by a digest, without reading the manifest", async () => {
    const own = world({ "sha256:pulled": {} });
    assert.deepEqual(await lookUpTag(own, v1, image), { digest: "sha256:pulled", isSame: true });
    assert.deepEqual(own.asked, []);
  });

  test("knows the image as a part of an index", async () => {
    const index = { manifests: [member("sha256:other", "arm64"), member("sha256:pulled", "amd64")] };
    const found = await lookUpTag(world({ "sha256:index": index }), v1, image);
    assert.deepEqual(found, { digest: "sha256:index", isSame: true });
  });

  test("knows an image that was built here by its configuration, and asks for that once", async () => {
    const own = world({ "sha256:pushed": configured(id) });
    for (let time = 0; time < 2; time += 1)
      assert.deepEqual(await lookUpTag(own, v1, image), { digest: "sha256:pushed", isSame: true });
    assert.deepEqual(own.asked, ["sha256:pushed"]);
    assert.deepEqual([...own.remembered], [[`${id} mcr.example.net/team/web`, ["sha256:pushed"]]]);
  });

  test("looks for the configuration of the node's platform in an index", async () => {
    const index = { manifests: [member("sha256:arm", "arm64"), member("sha256:amd", "amd64")] };
    const parts = { "sha256:arm": configured("b".repeat(64)), "sha256:amd": configured(id) };
    const found = await lookUpTag(world({ "sha256:index": index, ...parts }), v1, image);
    assert.deepEqual(found, { digest: "sha256:index", isSame: true });
    const other = world({
      "sha256:index": index,
      "sha256:arm": configured(id),
      "sha256:amd": configured("c"),
    });
    assert.equal((await lookUpTag(other, v1, image))?.isSame, false);
    assert.equal(other.remembered.size, 0);
  });

  for (const [what, manifest] of [
    ["another image", configured("b".repeat(64))],
    ["an index without the node's platform", { manifests: [member("sha256:arm", "arm64")] }],
    ["what is no image", { config: 7, manifests: [null, { digest: 1 }] }],
  ] as const)
    test(`sees that the tag names ${what}`, async () => {
      const found = await lookUpTag(world({ "sha256:new": manifest }), v1, image);
      assert.deepEqual(found, { digest: "sha256:new", isSame: false });
    });

  test("sees that there is no such tag", async () => {
    assert.equal(await lookUpTag(world({}), v1, image), undefined);
  });
});
