import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { assertError, imageType, index, indexType, pushBlob, pushImage, putManifest } from "./content.ts";
import { type Distribution, startDistribution } from "./fixture.ts";

// Distribution specification 1.1, section "Content Management".

let registry: Distribution;
before(async () => {
  registry = await startDistribution({
    rules: {
      requireMovable(repository, tag, { to }) {
        if (repository !== "delete/kept" || tag !== "v1" || to !== undefined) return;
        throw new DetailedError({
          code: "TAG_IMMUTABLE",
          category: "failed-precondition",
          attempted: "delete tag",
          found: "a rule",
        });
      },
    },
  });
});
after(() => registry[Symbol.asyncDispose]());

test("a tag is deleted alone", async () => {
  const { digest, manifest } = await pushImage(registry, "delete/tag", { reference: "v1" });
  await putManifest(registry, "delete/tag", "v2", manifest);
  assert.equal((await registry.send("DELETE", "/v2/delete/tag/manifests/v1")).status, 202);
  assert.equal((await registry.send("GET", "/v2/delete/tag/manifests/v1")).status, 404);
  assert.equal((await registry.send("GET", "/v2/delete/tag/manifests/v2")).status, 200);
  assert.equal((await registry.send("GET", `/v2/delete/tag/manifests/${digest}`)).status, 200);
  assertError(await registry.send("DELETE", "/v2/delete/tag/manifests/v1"), 404, "MANIFEST_UNKNOWN");
});

test("a manifest is deleted with its tags", async () => {
  const { digest, manifest } = await pushImage(registry, "delete/manifest", { reference: "v1" });
  await putManifest(registry, "delete/manifest", "v2", manifest);
  assert.equal((await registry.send("DELETE", `/v2/delete/manifest/manifests/${digest}`)).status, 202);
  for (const reference of ["v1", "v2", digest])
    assert.equal((await registry.send("GET", `/v2/delete/manifest/manifests/${reference}`)).status, 404);
  assert.deepEqual((await registry.send("GET", "/v2/delete/manifest/tags/list")).json(), {
    name: "delete/manifest",
    tags: [],
  });
  assertError(
    await registry.send("DELETE", `/v2/delete/manifest/manifests/${digest}`),
    404,
    "MANIFEST_UNKNOWN",
  );
  assertError(
    await registry.send("DELETE", `/v2/delete/nobody/manifests/${digest}`),
    404,
    "MANIFEST_UNKNOWN",
  );
});

test("a blob that no image needs is deleted, and can be pushed again", async () => {
  const { digest, content } = await pushBlob(registry, "delete/blob");
  assert.equal((await registry.send("DELETE", `/v2/delete/blob/blobs/${digest}`)).status, 202);
  assert.equal((await registry.send("GET", `/v2/delete/blob/blobs/${digest}`)).status, 404);
  assertError(await registry.send("DELETE", `/v2/delete/blob/blobs/${digest}`), 404, "BLOB_UNKNOWN");
  await pushBlob(registry, "delete/blob", content);
  assert.ok((await registry.send("GET", `/v2/delete/blob/blobs/${digest}`)).body.equals(content));
});

test("what an image or an index needs goes as well, and what needs it says what lacks", async () => {
  const image = await pushImage(registry, "delete/used");
  const body = index([{ mediaType: imageType, digest: image.digest, size: image.manifest.length }]);
  assert.equal((await putManifest(registry, "delete/used", "all", body, indexType)).status, 201);
  assert.equal((await registry.send("DELETE", `/v2/delete/used/manifests/${image.digest}`)).status, 202);
  assert.equal((await registry.send("GET", `/v2/delete/used/manifests/${image.digest}`)).status, 404);
  assert.equal((await registry.send("GET", "/v2/delete/used/manifests/all")).status, 200);
  assert.equal((await putManifest(registry, "delete/used", "v1", image.manifest)).status, 201);
  assert.equal((await registry.send("DELETE", `/v2/delete/used/blobs/${image.layer}`)).status, 202);
  assert.equal((await registry.send("GET", `/v2/delete/used/blobs/${image.layer}`)).status, 404);
  assert.equal((await registry.send("GET", "/v2/delete/used/manifests/v1")).status, 200);
  assertError(
    await putManifest(registry, "delete/used", "v2", `${image.manifest} `),
    400,
    "MANIFEST_BLOB_UNKNOWN",
  );
});

test("a tag that a rule keeps stays, and its manifest with it", async () => {
  const { digest, manifest } = await pushImage(registry, "delete/kept", { reference: "v1" });
  await putManifest(registry, "delete/kept", "other", manifest);
  for (const reference of ["v1", digest]) {
    const error = assertError(
      await registry.send("DELETE", `/v2/delete/kept/manifests/${reference}`),
      403,
      "DENIED",
    );
    assert.equal(error.detail["code"], "TAG_IMMUTABLE");
  }
  for (const reference of ["v1", "other", digest])
    assert.equal((await registry.send("HEAD", `/v2/delete/kept/manifests/${reference}`)).status, 200);
  assert.equal((await registry.send("DELETE", "/v2/delete/kept/manifests/other")).status, 202);
});

test("what the image of a tag needs that a rule keeps stays as well", async () => {
  const image = await pushImage(registry, "delete/kept", { reference: "v1" });
  assert.equal((await registry.send("DELETE", "/v2/delete/kept/manifests/v1")).status, 403);
  const path = `/v2/delete/kept/blobs/${image.layer}`;
  const error = assertError(await registry.send("DELETE", path), 403, "DENIED");
  assert.equal(error.detail["code"], "TAG_IMMUTABLE");
  assert.equal((await registry.send("HEAD", path)).status, 200);
});

test("what cannot be a tag or a digest is not there, or refused", async () => {
  assertError(await registry.send("DELETE", "/v2/delete/x/manifests/.."), 404, "MANIFEST_UNKNOWN");
  assertError(await registry.send("DELETE", "/v2/delete/x/manifests/sha256:1"), 400, "DIGEST_INVALID");
  assertError(await registry.send("DELETE", "/v2/delete/x/blobs/latest"), 400, "DIGEST_INVALID");
});

test("each deletion is in the audit", async () => {
  const { digest, layer } = await pushImage(registry, "delete/audit", { reference: "v1" });
  registry.audited.length = 0;
  await registry.send("DELETE", "/v2/delete/audit/manifests/v1");
  await registry.send("DELETE", `/v2/delete/audit/manifests/${digest}`);
  await registry.send("DELETE", `/v2/delete/audit/manifests/${digest}`);
  await registry.send("DELETE", `/v2/delete/audit/blobs/${layer}`);
  await registry.send("DELETE", `/v2/delete/audit/blobs/${layer}`);
  assert.deepEqual(
    registry.audited.map((entry) => [
      entry.action,
      entry.outcome,
      entry.reference,
      entry.digest,
      entry.detail,
    ]),
    [
      ["delete-tag", "ok", "v1", digest, ""],
      ["delete-manifest", "ok", digest, digest, ""],
      ["delete-manifest", "failed", digest, digest, "MANIFEST_UNKNOWN"],
      ["delete-blob", "ok", layer, layer, ""],
      ["delete-blob", "failed", layer, layer, "BLOB_UNKNOWN"],
    ],
  );
});
