import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Digest } from "../../digest.ts";
import { assertError, pushBlob, pushImage } from "./content.ts";
import { type Distribution, startDistribution } from "./fixture.ts";

// What somebody, or a failing disk, did to the files of blobs.

let registry: Distribution;
before(async () => void (registry = await startDistribution()));
after(() => registry[Symbol.asyncDispose]());

function fileOf(digest: Digest): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return join(registry.directory, "blobs", algorithm, hex.slice(0, 2), hex);
}

async function damage(digest: Digest, content: Uint8Array): Promise<void> {
  await rm(fileOf(digest));
  await writeFile(fileOf(digest), content);
}

const wounds: Record<string, (digest: Digest, content: Buffer) => Promise<void>> = {
  "is gone": (digest) => rm(fileOf(digest)),
  "was cut short": (digest, content) => damage(digest, content.subarray(0, 100)),
  "became longer": (digest, content) => damage(digest, Buffer.concat([content, content])),
};

for (const [wound, inflict] of Object.entries(wounds)) {
  test(`a blob whose file ${wound} is pushed again by a client that asks first, and then it is whole`, async () => {
    const { digest, content } = await pushBlob(registry, "damaged/app", randomBytes(2_000_000));
    const path = `/v2/damaged/app/blobs/${digest}`;
    assert.equal((await registry.send("HEAD", path)).status, 200);
    await inflict(digest, content);
    assert.equal((await registry.send("HEAD", path)).status, 404);
    const mount = `/v2/damaged/other/blobs/uploads/?mount=${digest}&from=damaged/app`;
    assert.equal((await registry.send("POST", mount)).status, 202);
    await pushBlob(registry, "damaged/app", content);
    assert.equal((await registry.send("HEAD", path)).status, 200);
    assert.ok((await registry.send("GET", path)).body.equals(content));
    assert.equal((await registry.send("POST", mount)).status, 201);
  });
}

test("a blob whose file was overwritten is mended by pushing it", async () => {
  const { digest, content } = await pushBlob(registry, "damaged/app");
  await damage(digest, randomBytes(content.length));
  await pushBlob(registry, "damaged/app", content);
  assert.ok((await registry.send("GET", `/v2/damaged/app/blobs/${digest}`)).body.equals(content));
});

test("a pull of a blob that is gone says so, and the manifest is still there", async () => {
  const { manifest, layer } = await pushImage(registry, "damaged/pull", { reference: "v1" });
  await rm(fileOf(layer));
  assertError(await registry.send("GET", `/v2/damaged/pull/blobs/${layer}`), 404, "BLOB_UNKNOWN");
  assert.equal((await registry.send("GET", "/v2/damaged/pull/manifests/v1")).body.toString(), manifest);
});

test("a pull of a blob of another size breaks off, instead of waiting or of sending what belongs to nothing", async () => {
  const whole = await pushBlob(registry, "damaged/pull", "whole");
  const answerOf = (digest: Digest) => registry.send("GET", `/v2/damaged/pull/blobs/${digest}`);
  const { digest, content } = await pushBlob(registry, "damaged/pull", randomBytes(2_000_000));
  await damage(digest, content);
  await truncate(fileOf(digest), 1_000_000);
  await assert.rejects(answerOf(digest));
  await damage(digest, Buffer.concat([content, content]));
  await assert.rejects(answerOf(digest));
  assert.equal((await answerOf(whole.digest)).body.toString(), "whole");
  const failures = registry.logged.filter(({ level }) => level === "error");
  assert.match(JSON.stringify(failures), /BLOB_DAMAGED/);
});
