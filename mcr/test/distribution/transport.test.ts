import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, request as httpsRequest } from "node:https";
import { after, before, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { assertError, pushBlob } from "./content.ts";
import { type Distribution, digestOf, startDistribution, tableAuthenticator, until } from "./fixture.ts";

// What clients do to connections: bodies that are refused, that stop, that never come; headers and paths made to break.

let registry: Distribution;
/** Cuts who is silent for a while, and no other: a slow machine is silent as well. */
let impatient: Distribution;
let closed: Distribution;
before(async () => {
  registry = await startDistribution();
  impatient = await startDistribution({ idleTimeoutMs: 1_500 });
  closed = await startDistribution({ authenticator: tableAuthenticator({ me: { a: ["pull", "push"] } }) });
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  await impatient[Symbol.asyncDispose]();
  await closed[Symbol.asyncDispose]();
});

/** A connection on which bytes are written as they are. */
async function raw({
  port,
  ca,
}: Distribution): Promise<{ socket: TLSSocket; received: () => string } & AsyncDisposable> {
  const socket = connect({ host: "127.0.0.1", port, ca, servername: "localhost" });
  await once(socket, "secureConnect");
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  return { socket, received: () => text, [Symbol.asyncDispose]: async () => void socket.destroy() };
}

async function begin(distribution: Distribution, headers = {}): Promise<string> {
  const { headers: answered } = await distribution.send("POST", "/v2/a/blobs/uploads/", { headers });
  return answered.location ?? "";
}

test("a refused upload is refused before its body is sent", async () => {
  await using connection = await raw(closed);
  connection.socket.write(
    "PATCH /v2/a/blobs/uploads/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n",
  );
  await once(connection.socket, "end");
  assert.match(connection.received(), /^HTTP\/1\.1 401 /);
  assert.doesNotMatch(connection.received(), /100 Continue/);
  assert.match(connection.received(), /connection: close/i);
});

test("a chunk out of order is refused before its body is sent", async () => {
  const location = await begin(registry);
  await using connection = await raw(registry);
  connection.socket.write(
    `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nContent-Range: 10-19\r\nExpect: 100-continue\r\n\r\n`,
  );
  await once(connection.socket, "end");
  assert.match(connection.received(), /^HTTP\/1\.1 416 /);
});

test("an upload that is welcome is told to go on, once", async () => {
  const location = await begin(registry);
  await using connection = await raw(registry);
  connection.socket.write(
    `PUT ${location}?digest=${digestOf("12345")} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`,
  );
  await until(() => connection.received().includes("100 Continue"));
  connection.socket.write("12345");
  await until(() => connection.received().includes("201 Created"));
  assert.equal(connection.received().match(/100 Continue/g)?.length, 1);
});

test("a manifest that is welcome is told to come", async () => {
  await using connection = await raw(registry);
  connection.socket.write(
    "PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
  );
  await until(() => connection.received().includes("100 Continue"));
  connection.socket.write("{}");
  await until(() => connection.received().includes("MANIFEST_INVALID"));
});

test("after a small body was refused the connection goes on", async () => {
  const agent = new Agent({ ca: closed.ca, keepAlive: true, maxSockets: 1 });
  for (const body of ["x".repeat(10), "x".repeat(200_000)])
    assertError(await closed.send("PATCH", "/v2/a/blobs/uploads/1", { body, agent }), 401, "UNAUTHORIZED");
  assertError(await closed.send("GET", "/v2/", { agent }), 401, "UNAUTHORIZED");
  const sockets = Object.values(agent.freeSockets).flat();
  assert.equal(sockets.length, 1, "one was enough for all of them");
  agent.destroy();
});

test("whoever sends a large body sees why it is refused", async () => {
  for (const body of [Buffer.alloc(8_000_000), [Buffer.alloc(4_000_000), Buffer.alloc(4_000_000)]]) {
    const reply = await closed.send("PATCH", "/v2/a/blobs/uploads/1", { body });
    assertError(reply, 401, "UNAUTHORIZED");
    assert.equal(reply.headers.connection, "close");
  }
});

test("who sends for ever is cut", async () => {
  const { hostname, port } = new URL(closed.origin);
  const request = httpsRequest({
    hostname,
    port,
    ca: closed.ca,
    method: "PATCH",
    path: "/v2/a/blobs/uploads/1",
  });
  const ended = Promise.withResolvers<void>();
  request.on("error", () => ended.resolve()).on("close", () => ended.resolve());
  let status: number | undefined;
  request.on("response", (response) => {
    status = response.statusCode;
    response.resume();
  });
  const chunk = Buffer.alloc(1_000_000);
  let sent = 0;
  for (; !request.destroyed && sent < 500; sent++) {
    if (!request.write(chunk))
      await Promise.race([once(request, "drain").catch(() => undefined), ended.promise]);
  }
  assert.ok(sent < 500, "it was not read to its end");
  assert.equal(status, 401);
  request.destroy();
});

test("a client that falls silent is cut, and its upload goes on where it stopped", async () => {
  const location = await begin(impatient);
  const content = randomBytes(5_000);
  await using connection = await raw(impatient);
  connection.socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n`);
  connection.socket.write(content.subarray(0, 2_000));
  await once(connection.socket, "close");
  const status = await impatient.send("GET", location);
  assert.equal(status.headers.range, "0-1999");
  const headers = { "content-range": "2000-4999" };
  const put = { headers, body: content.subarray(2_000) };
  assert.equal((await impatient.send("PUT", `${location}?digest=${digestOf(content)}`, put)).status, 201);
});

test("a client that hangs up leaves what it sent, and nothing else", async () => {
  const location = await begin(registry);
  {
    await using connection = await raw(registry);
    connection.socket.write(
      `PATCH ${location} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n${"a".repeat(1_000)}\r\n`,
    );
    await until(async () => (await registry.send("GET", location)).headers.range === "0-999");
  }
  assert.equal((await registry.send("PATCH", location, { body: "b".repeat(10) })).status, 202);
  const digest = digestOf("a".repeat(1_000) + "b".repeat(10));
  assert.equal((await registry.send("PUT", `${location}?digest=${digest}`)).status, 201);
});

test("a client that hangs up in a single POST leaves nothing", async () => {
  registry.audited.length = 0;
  {
    await using connection = await raw(registry);
    connection.socket.write(
      `POST /v2/a/blobs/uploads/?digest=${digestOf("x")} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc`,
    );
    await new Promise((resolve) => connection.socket.write("", resolve));
  }
  await until(() =>
    registry.audited.some(({ outcome, detail }) => outcome === "failed" && detail === "UPLOAD_CUT_SHORT"),
  );
});

test("a client that takes nothing is cut, and one that goes away is no failure", async () => {
  const { digest } = await pushBlob(impatient, "a", randomBytes(30_000_000));
  impatient.logged.length = 0;
  await using slow = await raw(impatient);
  slow.socket.pause();
  slow.socket.write(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await until(() => impatient.logged.some(({ fields }) => fields["status"] === 499));
  await using hasty = await raw(impatient);
  hasty.socket.write(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(hasty.socket, "data");
  hasty.socket.destroy();
  await until(() => impatient.logged.filter(({ fields }) => fields["status"] === 499).length === 2);
  assert.ok(impatient.logged.every(({ level }) => level === "info"));
});

test("what is made to leave its place does not", async () => {
  const paths = [
    "/v2/../../etc/passwd",
    "/v2/a/../b/tags/list",
    "/v2/%2e%2e/tags/list",
    "/v2/..%2f..%2fetc/manifests/passwd",
    "/v2/a/blobs/..%2f..%2fetc%2fpasswd",
    "/v2/a/blobs/sha256:..%2f..%2f..%2fetc%2fpasswd",
    "/v2/a/manifests/..%2f..%2fpasswd",
    "/v2/a/manifests/%00",
    "/v2/a/blobs/uploads/..%2f..%2fmcr.db",
    "/v2/a\\..\\b/tags/list",
    "/v2/A/tags/list",
    "/v2/a%00/tags/list",
    `/v2/${"a/".repeat(3_000)}b/tags/list`,
    "/v2/%F0%28%8C%28/tags/list",
  ];
  for (const path of paths) {
    const reply = await registry.send("GET", path);
    assert.ok([400, 404].includes(reply.status), `${path}: ${reply.status}`);
    assert.equal(reply.headers["content-type"], "application/json", path);
    assert.ok(reply.body.length < 4_000, path);
  }
  assert.ok(registry.logged.every(({ level }) => level === "info"));
});

test("headers beyond all measure are refused, and the server goes on", async () => {
  const reply = await registry.send("GET", "/v2/", {
    headers: { authorization: `Bearer ${"x".repeat(20_000)}` },
  });
  assert.equal(reply.status, 431);
  assert.equal(
    (await registry.send("GET", "/v2/", { headers: { authorization: `Bearer ${"x".repeat(8_000)}` } }))
      .status,
    200,
  );
});

test("a request target may be a whole URL, as to a proxy", async () => {
  await using connection = await raw(registry);
  connection.socket.write("GET https://registry.example/v2/ HTTP/1.1\r\nHost: x\r\n\r\n");
  await until(() => connection.received().includes("200 OK"));
});

test("a blob beyond the limit is refused, and the upload stays as it was", async () => {
  await using small = await startDistribution({ maxBlobBytes: 1_000 });
  const location = await begin(small);
  assert.equal((await small.send("PATCH", location, { body: "a".repeat(600) })).status, 202);
  assertError(await small.send("PATCH", location, { body: "a".repeat(600) }), 413, "SIZE_INVALID");
  assert.equal((await small.send("GET", location)).headers.range, "0-599");
});
