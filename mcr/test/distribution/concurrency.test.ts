import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { after, before, test } from "node:test";
import { assertError, descriptor, imageManifest, pushBlob, putManifest } from "./content.ts";
import { type Distribution, digestOf, startDistribution, until } from "./fixture.ts";

let registry: Distribution;
before(async () => void (registry = await startDistribution()));
after(() => registry[Symbol.asyncDispose]());

const configType = "application/vnd.oci.image.config.v1+json";

test("of two clients that write to one upload the second is refused, and nothing is mixed", async () => {
  const { headers } = await registry.send("POST", "/v2/both/blobs/uploads/");
  const location = headers.location ?? "";
  const { hostname, port } = new URL(registry.origin);
  const slow = httpsRequest({ hostname, port, ca: registry.ca, method: "PATCH", path: location });
  slow.write("a".repeat(1_000));
  await until(async () => (await registry.send("GET", location)).headers.range === "0-999");
  assertError(
    await registry.send("PATCH", location, { body: "b".repeat(1_000) }),
    409,
    "BLOB_UPLOAD_INVALID",
  );
  assertError(await registry.send("PUT", `${location}?digest=${digestOf("a")}`), 409, "BLOB_UPLOAD_INVALID");
  assertError(await registry.send("DELETE", location), 409, "BLOB_UPLOAD_INVALID");
  slow.end("a");
  const [response] = (await once(slow, "response")) as [{ statusCode: number; resume(): void }];
  response.resume();
  assert.equal(response.statusCode, 202);
  assert.equal((await registry.send("PUT", `${location}?digest=${digestOf("a".repeat(1_001))}`)).status, 201);
});

test("one blob pushed by many at once is one blob", async () => {
  const content = randomBytes(500_000);
  const pushed = await Promise.all(
    Array.from({ length: 16 }, (_, at) =>
      pushBlob(registry, at % 2 === 0 ? "same/one" : "same/two", content),
    ),
  );
  assert.equal(new Set(pushed.map(({ digest }) => digest)).size, 1);
  for (const repository of ["same/one", "same/two"]) {
    const got = await registry.send("GET", `/v2/${repository}/blobs/${digestOf(content)}`);
    assert.ok(got.body.equals(content));
  }
});

test("one tag pushed by many at once stands for one of them, and all are there", async () => {
  const config = await pushBlob(registry, "same/tag");
  const manifests = Array.from({ length: 16 }, (_, at) =>
    imageManifest({
      config: descriptor(config.content, configType),
      fields: { annotations: { at: `${at}` } },
    }),
  );
  const replies = await Promise.all(
    manifests.map((manifest) => putManifest(registry, "same/tag", "latest", manifest)),
  );
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([201]));
  const got = await registry.send("GET", "/v2/same/tag/manifests/latest");
  assert.ok(manifests.includes(got.body.toString()));
  for (const manifest of manifests)
    assert.equal((await registry.send("HEAD", `/v2/same/tag/manifests/${digestOf(manifest)}`)).status, 200);
});

test("an image is pushed or says what lacks, while its blob is deleted", async () => {
  const repository = "same/race";
  for (let round = 0; round < 10; round++) {
    const config = await pushBlob(registry, repository);
    const manifest = imageManifest({ config: descriptor(config.content, configType) });
    const [put, deleted] = await Promise.all([
      putManifest(registry, repository, `r${round}`, manifest),
      registry.send("DELETE", `/v2/${repository}/blobs/${config.digest}`),
    ]);
    assert.equal(deleted.status, 202);
    if (put.status !== 201) assertError(put, 400, "MANIFEST_BLOB_UNKNOWN");
    assert.equal(
      (await registry.send("GET", `/v2/${repository}/manifests/r${round}`)).status,
      put.status === 201 ? 200 : 404,
    );
  }
});
