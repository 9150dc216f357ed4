import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { assertError, pushBlob } from "./content.ts";
import { type Distribution, digestOf, type Reply, startDistribution } from "./fixture.ts";

// Distribution specification 1.1, section "Pushing blobs", and the extensions of its development version.

let registry: Distribution;
before(async () => void (registry = await startDistribution()));
after(() => registry[Symbol.asyncDispose]());

const octets = { "content-type": "application/octet-stream" };

async function begin(repository: string, query = ""): Promise<string> {
  const reply = await registry.send("POST", `/v2/${repository}/blobs/uploads/${query}`);
  assert.equal(reply.status, 202, reply.body.toString());
  const { location = "" } = reply.headers;
  assert.ok(location.startsWith(`/v2/${repository}/blobs/uploads/`));
  assert.match(location, /\/[0-9a-f-]{36}$/, "contains a UUID");
  return location;
}

async function chunk(location: string, content: Buffer, start: number): Promise<Reply> {
  const headers = { ...octets, "content-range": `${start}-${start + content.length - 1}` };
  return registry.send("PATCH", location, { headers, body: content });
}

async function assertStored(reply: Reply, repository: string, content: Buffer): Promise<void> {
  assert.equal(reply.status, 201, reply.body.toString());
  const location = reply.headers.location ?? "";
  assert.match(location, new RegExp(`^/v2/${repository}/blobs/sha(256|512):`));
  assert.equal(reply.headers["docker-content-digest"], location.split("/").at(-1));
  const got = await registry.send("GET", location);
  assert.equal(got.status, 200);
  assert.ok(got.body.equals(content));
}

for (const algorithm of ["sha256", "sha512"] as const) {
  test(`a blob is pushed by POST and PUT, with ${algorithm}`, async () => {
    const content = randomBytes(70_000);
    const digest = digestOf(content, algorithm);
    const put = await registry.send("PUT", `${await begin("push/put")}?digest=${digest}`, {
      headers: octets,
      body: content,
    });
    await assertStored(put, "push/put", content);
  });

  test(`a blob is pushed by one POST, with ${algorithm}`, async () => {
    const content = randomBytes(70_000);
    const path = `/v2/push/post/blobs/uploads/?digest=${digestOf(content, algorithm)}`;
    await assertStored(
      await registry.send("POST", path, { headers: octets, body: content }),
      "push/post",
      content,
    );
  });

  test(`a blob is pushed in one stream without a length, with ${algorithm}`, async () => {
    const content = randomBytes(70_000);
    const location = await begin("push/stream", `?digest-algorithm=${algorithm}`);
    const body = [content.subarray(0, 10_000), content.subarray(10_000)];
    const patched = await registry.send("PATCH", location, { headers: octets, body });
    assert.equal(patched.status, 202);
    assert.equal(patched.headers.range, "0-69999");
    const put = await registry.send(
      "PUT",
      `${patched.headers.location}?digest=${digestOf(content, algorithm)}`,
    );
    await assertStored(put, "push/stream", content);
  });

  test(`a blob is pushed in chunks, the last one with the PUT or without, with ${algorithm}`, async () => {
    for (const isLastInPut of [true, false]) {
      const content = randomBytes(3_000);
      const parts = [0, 1_000, 2_000].map((start) => content.subarray(start, start + 1_000));
      let location = await begin("push/chunks");
      for (const [at, part] of parts.entries()) {
        if (at === 2 && isLastInPut) break;
        const reply = await chunk(location, part, at * 1_000);
        assert.equal(reply.status, 202);
        assert.equal(reply.headers.range, `0-${at * 1_000 + 999}`);
        location = reply.headers.location ?? "";
      }
      const put = await registry.send("PUT", `${location}?digest=${digestOf(content, algorithm)}`, {
        headers: isLastInPut ? { ...octets, "content-range": "2000-2999" } : {},
        ...(isLastInPut ? { body: content.subarray(2_000) } : {}),
      });
      await assertStored(put, "push/chunks", content);
    }
  });

  test(`content that has another digest is refused each way, with ${algorithm}`, async () => {
    const digest = digestOf("something else", algorithm);
    const body = "content";
    const post = await registry.send("POST", `/v2/push/bad/blobs/uploads/?digest=${digest}`, { body });
    assertError(post, 400, "DIGEST_INVALID");
    assertError(
      await registry.send("PUT", `${await begin("push/bad")}?digest=${digest}`, { body }),
      400,
      "DIGEST_INVALID",
    );
    const location = await begin("push/bad");
    assert.equal((await registry.send("PATCH", location, { body })).status, 202);
    assertError(await registry.send("PUT", `${location}?digest=${digest}`), 400, "DIGEST_INVALID");
    assert.equal((await registry.send("HEAD", `/v2/push/bad/blobs/${digest}`)).status, 404);
    assertError(await registry.send("GET", location), 404, "BLOB_UPLOAD_UNKNOWN");
  });
}

test("an upload that begins with one algorithm may end with the other", async () => {
  const content = randomBytes(5_000);
  const location = await begin("push/switch", "?digest-algorithm=sha512");
  const put = await registry.send("PUT", `${location}?digest=${digestOf(content)}`, { body: content });
  await assertStored(put, "push/switch", content);
});

test("an algorithm or a digest that the registry does not know is refused before anything is sent", async () => {
  assertError(
    await registry.send("POST", "/v2/push/a/blobs/uploads/?digest-algorithm=md5"),
    400,
    "DIGEST_INVALID",
  );
  assertError(await registry.send("POST", "/v2/push/a/blobs/uploads/?digest=md5:00"), 400, "DIGEST_INVALID");
  const location = await begin("push/a");
  for (const query of ["", "?digest=", "?digest=sha256:xyz", "?digest=../../etc/passwd"])
    assertError(await registry.send("PUT", location + query, { body: "x" }), 400, "DIGEST_INVALID");
  assert.equal((await registry.send("GET", location)).status, 204, "the upload is as it was");
});

test("chunks out of order are refused, and say where the upload stands", async () => {
  const content = randomBytes(3_000);
  const location = await begin("push/order");
  const early = await chunk(location, content.subarray(1_000, 2_000), 1_000);
  assertError(early, 416, "BLOB_UPLOAD_INVALID");
  assert.equal(early.headers.location, location);
  assert.equal(early.headers.range, "0-0");
  assert.equal((await chunk(location, content.subarray(0, 1_000), 0)).status, 202);
  for (const [start, end] of [
    [0, 1_000],
    [500, 1_500],
    [2_000, 3_000],
  ] as const) {
    const reply = await chunk(location, content.subarray(start, end), start);
    assertError(reply, 416, "BLOB_UPLOAD_INVALID");
    assert.equal(reply.headers.range, "0-999");
  }
  const put = await registry.send("PUT", `${location}?digest=${digestOf(content)}`, {
    headers: { "content-range": "2000-2999" },
    body: content.subarray(2_000),
  });
  assertError(put, 416, "BLOB_UPLOAD_INVALID");
  const status = await registry.send("GET", `${location}?digest=${digestOf(content)}`);
  assert.equal(status.status, 204);
  assert.equal(status.headers.range, "0-999");
  assert.equal((await chunk(status.headers.location ?? "", content.subarray(1_000), 1_000)).status, 202);
  await assertStored(
    await registry.send("PUT", `${location}?digest=${digestOf(content)}`),
    "push/order",
    content,
  );
});

test("a chunk's range is refused where it is none, or not that of the body", async () => {
  const location = await begin("push/range");
  for (const range of ["x", "5-", "9-0", "0-4-5", "-5"]) {
    const reply = await registry.send("PATCH", location, {
      headers: { "content-range": range },
      body: "12345",
    });
    assertError(reply, 400, "BLOB_UPLOAD_INVALID");
  }
  const longer = await registry.send("PATCH", location, {
    headers: { "content-range": "0-9" },
    body: "12345",
  });
  assertError(longer, 400, "BLOB_UPLOAD_INVALID");
  const unsaid = await registry.send("PATCH", location, {
    headers: { "content-range": "0-9" },
    body: ["12345"],
  });
  assertError(unsaid, 400, "SIZE_INVALID");
  const status = await registry.send("GET", location);
  const reached = status.headers.range === "0-0" ? 0 : 5;
  const rest = await registry.send("PATCH", location, {
    headers: { "content-range": `bytes ${reached}-5/6` },
    body: "123456".slice(reached),
  });
  assert.equal(rest.status, 202, "as some clients write it");
});

test("an upload says where it stands", async () => {
  const location = await begin("push/status");
  const empty = await registry.send("GET", location);
  assert.equal(empty.status, 204);
  assert.equal(empty.headers.range, "0-0");
  assert.equal(empty.headers.location, location);
  await registry.send("PATCH", location, { body: "12345" });
  assert.equal((await registry.send("GET", location)).headers.range, "0-4");
});

test("an upload is cancelled", async () => {
  const location = await begin("push/cancel");
  await registry.send("PATCH", location, { body: "12345" });
  assert.equal((await registry.send("DELETE", location)).status, 204);
  for (const [method, body] of [["GET"], ["PATCH", "x"], ["DELETE"]] as const)
    assertError(
      await registry.send(method, location, body === undefined ? {} : { body }),
      404,
      "BLOB_UPLOAD_UNKNOWN",
    );
  assertError(
    await registry.send("PUT", `${location}?digest=${digestOf("12345")}`),
    404,
    "BLOB_UPLOAD_UNKNOWN",
  );
});

test("an upload belongs to its repository", async () => {
  const location = await begin("push/one");
  const elsewhere = location.replace("push/one", "push/two");
  for (const method of ["GET", "DELETE"])
    assertError(await registry.send(method, elsewhere), 404, "BLOB_UPLOAD_UNKNOWN");
  assertError(await registry.send("PATCH", elsewhere, { body: "x" }), 404, "BLOB_UPLOAD_UNKNOWN");
  assertError(await registry.send("PUT", `${elsewhere}?digest=${digestOf("")}`), 404, "BLOB_UPLOAD_UNKNOWN");
  assert.equal((await registry.send("GET", location)).status, 204);
});

test("what no registry would give out as an upload is unknown, and leads nowhere", async () => {
  const ids = [
    "1",
    "..",
    ".",
    "%2e%2e",
    "..%2f..%2fetc",
    "%00",
    "a".repeat(5_000),
    "..\\..",
    "00000000-0000-0000-0000-000000000000",
  ];
  for (const id of ids) {
    const reply = await registry.send("PATCH", `/v2/push/ids/blobs/uploads/${id}`, { body: "x" });
    assert.equal(reply.status, 404, id);
  }
});

test("a blob that is there may be pushed once more, also to another repository", async () => {
  const first = await pushBlob(registry, "push/again");
  for (const repository of ["push/again", "push/also"]) {
    const { digest } = await pushBlob(registry, repository, first.content);
    assert.equal(digest, first.digest);
    assert.equal((await registry.send("HEAD", `/v2/${repository}/blobs/${digest}`)).status, 200);
  }
});

test("an empty blob is pushed each way", async () => {
  const digest = digestOf("");
  assert.equal((await registry.send("POST", `/v2/push/empty1/blobs/uploads/?digest=${digest}`)).status, 201);
  assert.equal(
    (await registry.send("PUT", `${await begin("push/empty2")}?digest=${digest}`, { body: "" })).status,
    201,
  );
  const location = await begin("push/empty3");
  assert.equal((await registry.send("PATCH", location, { body: "" })).status, 202);
  assert.equal((await registry.send("PUT", `${location}?digest=${digest}`)).status, 201);
});

test("a push is in the audit once, under its digest, and so is one that failed", async () => {
  registry.audited.length = 0;
  const { digest } = await pushBlob(registry, "push/audit");
  const wrong = digestOf("x");
  await registry.send("POST", `/v2/push/audit/blobs/uploads/?digest=${wrong}`, { body: "y" });
  assert.deepEqual(
    registry.audited.map((entry) => [entry.action, entry.outcome, entry.digest, entry.detail]),
    [
      ["push-blob", "ok", digest, ""],
      ["push-blob", "failed", wrong, "DIGEST_MISMATCH"],
    ],
  );
});
