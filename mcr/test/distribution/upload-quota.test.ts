import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertError, pushBlob } from "./content.ts";
import { type Distribution, digestOf, startDistribution } from "./fixture.ts";

const quotaBytes = 10_000;
let registry: Distribution;
before(async () => {
  registry = await startDistribution({ rules: { quotaBytes: () => quotaBytes } });
});
after(() => registry[Symbol.asyncDispose]());

async function begin(repository: string): Promise<string> {
  const begun = await registry.send("POST", `/v2/${repository}/blobs/uploads/`);
  assert.equal(begun.status, 202);
  return String(begun.headers.location);
}

/** Of all that is in the store. */
async function storedDigests(): Promise<string[]> {
  const directory = join(registry.directory, "blobs");
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

test("uploads in progress may not have more than the quota together, and go on when there is room again", async () => {
  const [first, second] = [await begin("quota/together"), await begin("quota/together")];
  assert.equal((await registry.send("PATCH", first, { body: randomBytes(6_000) })).status, 202);
  const refused = await registry.send("PATCH", second, { body: randomBytes(6_000) });
  assertError(refused, 403, "DENIED");
  assert.match(
    refused.body.toString(),
    /QUOTA_EXCEEDED.*quota of 10000 bytes|quota of 10000 bytes.*QUOTA_EXCEEDED/,
  );
  // Also without a length.
  assertError(await registry.send("PATCH", second, { body: [randomBytes(6_000)] }), 403, "DENIED");
  assert.equal((await registry.send("GET", second)).headers.range, "0-0");
  assert.equal(
    (await registry.send("PATCH", await begin("quota/other"), { body: randomBytes(6_000) })).status,
    202,
  );
  assert.equal((await registry.send("DELETE", first)).status, 204);
  assert.equal((await registry.send("PATCH", second, { body: randomBytes(6_000) })).status, 202);
});

test("a blob that the repository has no room for does not get into the store, by none of the ways to push it", async () => {
  const repository = "quota/full";
  const held = await pushBlob(registry, repository, randomBytes(6_000));
  const before = await storedDigests();
  const content = randomBytes(6_000);
  const digest = digestOf(content);
  const uploads = `/v2/${repository}/blobs/uploads/`;
  const location = await begin(repository);
  assertError(await registry.send("PUT", `${location}?digest=${digest}`, { body: content }), 403, "DENIED");
  assertError(await registry.send("GET", location), 404, "BLOB_UPLOAD_UNKNOWN");
  assertError(await registry.send("POST", `${uploads}?digest=${digest}`, { body: content }), 403, "DENIED");
  assert.deepEqual(await storedDigests(), before);
  // What it holds already may come again.
  await pushBlob(registry, repository, held.content);
});
