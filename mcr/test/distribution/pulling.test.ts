import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { assertError, imageType, index, indexType, pushBlob, pushImage, putManifest } from "./content.ts";
import { type Distribution, digestOf, startDistribution } from "./fixture.ts";

// Distribution specification 1.1, section "Pull".

let registry: Distribution;
before(async () => void (registry = await startDistribution()));
after(() => registry[Symbol.asyncDispose]());

test("a manifest is pulled by tag and by digest, byte for byte", async () => {
  const { digest, manifest } = await pushImage(registry, "pull/bytes", { reference: "v1" });
  for (const reference of ["v1", digest]) {
    const got = await registry.send("GET", `/v2/pull/bytes/manifests/${reference}`);
    assert.equal(got.status, 200);
    assert.equal(got.body.toString(), manifest);
    assert.equal(got.headers["content-type"], imageType);
    assert.equal(got.headers["docker-content-digest"], digest);
    assert.equal(got.headers["content-length"], String(manifest.length));
    const head = await registry.send("HEAD", `/v2/pull/bytes/manifests/${reference}`);
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    assert.equal(head.headers["content-length"], String(manifest.length));
    assert.equal(head.headers["docker-content-digest"], digest);
  }
});

test("a manifest is never converted into what a client accepts", async () => {
  await pushImage(registry, "pull/accept", { reference: "v1" });
  const headers = { accept: "application/vnd.docker.distribution.manifest.v1+prettyjws" };
  const reply = await registry.send("GET", "/v2/pull/accept/manifests/v1", { headers });
  assert.equal(reply.headers["content-type"], imageType);
});

test("a client that has a manifest or a blob already is told so", async () => {
  const { digest, layer } = await pushImage(registry, "pull/etag", { reference: "v1" });
  for (const [path, is] of [
    ["manifests/v1", digest],
    [`blobs/${layer}`, layer],
  ]) {
    const first = await registry.send("GET", `/v2/pull/etag/${path}`);
    assert.equal(first.headers.etag, `"${is}"`);
    const headers = { "if-none-match": `"other", ${first.headers.etag}` };
    const again = await registry.send("GET", `/v2/pull/etag/${path}`, { headers });
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
    assert.equal(
      (await registry.send("GET", `/v2/pull/etag/${path}`, { headers: { "if-none-match": '"x"' } })).status,
      200,
    );
  }
});

test("what is not there is not found, whatever it is called", async () => {
  await pushImage(registry, "pull/missing");
  const zeros = `sha256:${"0".repeat(64)}`;
  for (const method of ["GET", "HEAD"]) {
    for (const reference of ["nope", zeros, ".INVALID_MANIFEST_NAME", "a".repeat(129)]) {
      for (const repository of ["pull/missing", "pull/nobody"]) {
        const reply = await registry.send(method, `/v2/${repository}/manifests/${reference}`);
        assert.equal(reply.status, 404, `${method} ${repository} ${reference}`);
        if (method === "GET") assertError(reply, 404, "MANIFEST_UNKNOWN");
        else assert.equal(reply.body.length, 0);
      }
    }
    assert.equal((await registry.send(method, `/v2/pull/missing/blobs/${zeros}`)).status, 404);
  }
  assertError(await registry.send("GET", `/v2/pull/missing/blobs/${zeros}`), 404, "BLOB_UNKNOWN");
});

test("what is no digest is refused", async () => {
  const hex = "ab".repeat(32);
  for (const digest of [
    "sha256:x",
    "sha256:",
    `sha256:${hex}0`,
    `sha256:${hex.toUpperCase()}`,
    `md5:${"0".repeat(32)}`,
    `sha512:${hex}`,
    hex,
  ]) {
    assertError(await registry.send("GET", `/v2/a/blobs/${digest}`), 400, "DIGEST_INVALID");
    if (digest.includes(":"))
      assertError(await registry.send("GET", `/v2/a/manifests/${digest}`), 400, "DIGEST_INVALID");
  }
});

test("a blob is pulled whole, with its size and digest, also an empty one, also by sha512", async () => {
  for (const algorithm of ["sha256", "sha512"] as const) {
    for (const content of [randomBytes(100_000), Buffer.alloc(0), Buffer.from("{}")]) {
      const { digest } = await pushBlob(registry, "pull/blobs", content, algorithm);
      const got = await registry.send("GET", `/v2/pull/blobs/blobs/${digest}`);
      assert.equal(got.status, 200);
      assert.ok(got.body.equals(content));
      assert.equal(got.headers["content-length"], String(content.length));
      assert.equal(got.headers["docker-content-digest"], digest);
      assert.equal(got.headers["accept-ranges"], "bytes");
      const head = await registry.send("HEAD", `/v2/pull/blobs/blobs/${digest}`);
      assert.equal(head.status, 200);
      assert.equal(head.headers["content-length"], String(content.length));
      assert.equal(head.headers["docker-content-digest"], digest);
    }
  }
});

test("a blob is there only in repositories that hold it", async () => {
  const { digest } = await pushBlob(registry, "pull/mine");
  assert.equal((await registry.send("GET", `/v2/pull/yours/blobs/${digest}`)).status, 404);
  await pushBlob(registry, "pull/yours");
  assert.equal((await registry.send("HEAD", `/v2/pull/yours/blobs/${digest}`)).status, 404);
});

test("a manifest is no blob, and of another repository no manifest", async () => {
  const { digest } = await pushImage(registry, "pull/kinds");
  assert.equal((await registry.send("GET", `/v2/pull/kinds/blobs/${digest}`)).status, 404);
  await pushImage(registry, "pull/other");
  assert.equal((await registry.send("GET", `/v2/pull/other/manifests/${digest}`)).status, 404);
});

test("a part of a blob is pulled by a range", async () => {
  const { digest, content } = await pushBlob(registry, "pull/range", randomBytes(2048));
  const ranges: readonly [range: string, from: number, to: number][] = [
    ["bytes=500-1499", 500, 1499],
    ["bytes=500-", 500, 2047],
    ["bytes=-500", 1548, 2047],
    ["bytes=2000-5000", 2000, 2047],
    ["bytes=0-0", 0, 0],
    ["bytes=-5000", 0, 2047],
  ];
  for (const [range, from, to] of ranges) {
    const reply = await registry.send("GET", `/v2/pull/range/blobs/${digest}`, { headers: { range } });
    assert.equal(reply.status, 206, range);
    assert.ok(reply.body.equals(content.subarray(from, to + 1)), range);
    assert.equal(reply.headers["content-range"], `bytes ${from}-${to}/2048`);
    assert.equal(reply.headers["content-length"], String(to - from + 1));
  }
});

test("a range that the blob does not have is refused with its size; what is no single range is passed over", async () => {
  const { digest, content } = await pushBlob(registry, "pull/range", randomBytes(2048));
  for (const range of ["bytes=5000-10000", "bytes=2048-", "bytes=500-0", "bytes=-0"]) {
    const reply = await registry.send("GET", `/v2/pull/range/blobs/${digest}`, { headers: { range } });
    assertError(reply, 416, "SIZE_INVALID");
    assert.equal(reply.headers["content-range"], "bytes */2048");
  }
  for (const range of ["bytes=0-1,5-6", "lines=1-2", "bytes=", "bytes=a-b", "bytes=-", "0-5"]) {
    const reply = await registry.send("GET", `/v2/pull/range/blobs/${digest}`, { headers: { range } });
    assert.equal(reply.status, 200, range);
    assert.ok(reply.body.equals(content));
  }
});

test("a range goes on only with what the client has already", async () => {
  const { digest } = await pushBlob(registry, "pull/range", randomBytes(100));
  const ranged = (ifRange: string): Promise<{ status: number }> =>
    registry.send("GET", `/v2/pull/range/blobs/${digest}`, {
      headers: { range: "bytes=50-", "if-range": ifRange },
    });
  assert.equal((await ranged(`"${digest}"`)).status, 206);
  assert.equal((await ranged('"sha256:other"')).status, 200);
});

test("an index is pulled as an index", async () => {
  const child = await pushImage(registry, "pull/index");
  const body = index([{ mediaType: imageType, digest: child.digest, size: child.manifest.length }]);
  assert.equal((await putManifest(registry, "pull/index", "all", body, indexType)).status, 201);
  const got = await registry.send("GET", "/v2/pull/index/manifests/all");
  assert.equal(got.headers["content-type"], indexType);
  assert.equal(got.headers["docker-content-digest"], digestOf(body));
});

test("a pull is in the audit with what the tag stood for; looking is not", async () => {
  const { digest } = await pushImage(registry, "pull/audit", { reference: "v1" });
  registry.audited.length = 0;
  await registry.send("HEAD", "/v2/pull/audit/manifests/v1");
  await registry.send("GET", "/v2/pull/audit/manifests/v1");
  await registry.send("GET", "/v2/pull/audit/manifests/missing");
  const found = registry.audited.map(({ action, outcome, reference, digest: of }) => [
    action,
    outcome,
    reference,
    of,
  ]);
  assert.deepEqual(found, [
    ["pull-manifest", "ok", "v1", digest],
    ["pull-manifest", "failed", "missing", ""],
  ]);
  assert.ok(registry.audited.every(({ address }) => address.includes("127.0.0.1")));
});
