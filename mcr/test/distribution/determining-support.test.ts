import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertError, pushBlob } from "./content.ts";
import { type Distribution, startDistribution, tableAuthenticator } from "./fixture.ts";

// Distribution specification 1.1, sections "Determining Support" and "Error Codes".

let open: Distribution;
let closed: Distribution;
before(async () => {
  open = await startDistribution();
  closed = await startDistribution({
    authenticator: tableAuthenticator({ reader: { a: ["pull"] }, writer: { a: ["pull", "push"] } }),
  });
});
after(async () => {
  await open[Symbol.asyncDispose]();
  await closed[Symbol.asyncDispose]();
});

test("a registry that is open says that it is there", async () => {
  for (const path of ["/v2/", "/v2"]) {
    const reply = await open.send("GET", path);
    assert.equal(reply.status, 200);
    assert.equal(reply.headers["docker-distribution-api-version"], "registry/2.0");
    assert.deepEqual(reply.json(), {});
  }
  const head = await open.send("HEAD", "/v2/");
  assert.equal(head.status, 200);
  assert.equal(head.body.length, 0);
});

test("a registry that is not open challenges whoever has no token, and knows who has one", async () => {
  const unknown = await closed.send("GET", "/v2/");
  assertError(unknown, 401, "UNAUTHORIZED");
  assert.match(unknown.headers["www-authenticate"] ?? "", /^Bearer realm="/);
  assert.equal(unknown.headers["docker-distribution-api-version"], "registry/2.0");
  const known = await closed.send("GET", "/v2/", { headers: { authorization: "Bearer reader" } });
  assert.equal(known.status, 200);
  const wrong = await closed.send("GET", "/v2/", { headers: { authorization: "Bearer nobody" } });
  assertError(wrong, 401, "UNAUTHORIZED");
  assert.match(wrong.headers["www-authenticate"] ?? "", /error="invalid_token"/);
});

test("a challenge names what a token has to be for", async () => {
  const scopes: readonly [method: string, path: string, scope: string][] = [
    ["GET", "/v2/a/b/tags/list", "repository:a/b:pull"],
    ["GET", "/v2/a/manifests/latest", "repository:a:pull"],
    ["HEAD", "/v2/a/manifests/latest", "repository:a:pull"],
    ["PUT", "/v2/a/manifests/latest", "repository:a:pull,push"],
    ["DELETE", "/v2/a/manifests/latest", "repository:a:delete"],
    ["GET", `/v2/a/blobs/sha256:${"0".repeat(64)}`, "repository:a:pull"],
    ["DELETE", `/v2/a/blobs/sha256:${"0".repeat(64)}`, "repository:a:delete"],
    ["GET", `/v2/a/referrers/sha256:${"0".repeat(64)}`, "repository:a:pull"],
    ["POST", "/v2/a/blobs/uploads/", "repository:a:pull,push"],
    ["PATCH", "/v2/a/blobs/uploads/1", "repository:a:pull,push"],
    ["PUT", "/v2/a/blobs/uploads/1", "repository:a:pull,push"],
    ["GET", "/v2/a/blobs/uploads/1", "repository:a:pull,push"],
    ["DELETE", "/v2/a/blobs/uploads/1", "repository:a:pull,push"],
    [
      "POST",
      `/v2/a/blobs/uploads/?mount=sha256:${"0".repeat(64)}&from=b`,
      "repository:a:pull,push repository:b:pull",
    ],
    ["GET", "/v2/_catalog", "registry:catalog:*"],
  ];
  for (const [method, path, scope] of scopes) {
    const reply = await closed.send(method, path);
    assert.equal(reply.status, 401, `${method} ${path}`);
    assert.equal(
      /scope="([^"]*)"/.exec(reply.headers["www-authenticate"] ?? "")?.[1],
      scope,
      `${method} ${path}`,
    );
  }
});

test("who may not read learns nothing of what is there", async () => {
  const blob = await pushBlob(
    {
      send: (method, path, parts) =>
        closed.send(method, path, { ...parts, headers: { authorization: "Bearer writer" } }),
    },
    "a",
  );
  const paths = [
    ...["b", "a"].map((name) => `/v2/${name}/blobs/${blob.digest}`),
    ...["b", "a"].map((name) => `/v2/${name}/manifests/latest`),
    ...["b", "a"].map((name) => `/v2/${name}/tags/list`),
  ];
  const answers = await Promise.all(paths.map((path) => closed.send("GET", path)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]));
  const reader = { headers: { authorization: "Bearer reader" } };
  const denied = await closed.send("GET", `/v2/b/blobs/${blob.digest}`, reader);
  assertError(denied, 403, "DENIED");
  assert.equal((await closed.send("GET", `/v2/a/blobs/${blob.digest}`, reader)).status, 200);
  assertError(await closed.send("POST", "/v2/a/blobs/uploads/", reader), 403, "DENIED");
  assertError(await closed.send("DELETE", `/v2/a/blobs/${blob.digest}`, reader), 403, "DENIED");
});

test("what was refused is in the audit with who tried, and being asked to log in is not", async () => {
  closed.audited.length = 0;
  await closed.send("PUT", "/v2/b/manifests/v1", { headers: { authorization: "Bearer reader" }, body: "{}" });
  await closed.send("PUT", "/v2/b/manifests/v1", { body: "{}" });
  const found = closed.audited.map(({ action, outcome, caller, repository, reference, detail }) => ({
    ...{ action, outcome, name: caller.name, repository, reference, detail },
  }));
  assert.deepEqual(found, [
    {
      action: "push-manifest",
      outcome: "denied",
      name: "reader",
      repository: "b",
      reference: "v1",
      detail: "DENIED",
    },
  ]);
});

test("what is at no path of the specification is not found, and other methods are not allowed", async () => {
  const unknown = [
    "/v2/a",
    "/v2/a/",
    "/v2/tags/list",
    "/v2/a/tags",
    "/v2/a/tags/all",
    "/v2/a/manifests/",
    "/v2//",
    "/v2/a%2Ftags%2Flist",
    "/v2/%zz/tags/list",
  ];
  for (const path of unknown) assertError(await open.send("GET", path), 404, "UNSUPPORTED");
  const methods: readonly [string, string, string][] = [
    ["PUT", "/v2/", "GET, HEAD"],
    ["POST", "/v2/a/tags/list", "GET"],
    ["PATCH", "/v2/a/manifests/x", "GET, HEAD, PUT, DELETE"],
    ["PUT", `/v2/a/blobs/sha256:${"0".repeat(64)}`, "GET, HEAD, DELETE"],
    ["GET", "/v2/a/blobs/uploads/", "POST"],
    ["POST", "/v2/a/blobs/uploads/1", "GET, PATCH, PUT, DELETE"],
    ["OPTIONS", "/v2/_catalog", "GET"],
  ];
  for (const [method, path, allow] of methods) {
    const reply = await open.send(method, path);
    assertError(reply, 405, "UNSUPPORTED");
    assert.equal(reply.headers.allow, allow);
  }
  assert.equal((await open.send("GET", "/v3/")).status, 418, "it is for somebody else");
  assert.equal((await open.send("GET", "/v2/token")).status, 418, "it is for who issues tokens");
});

test("each error says what to do and has our own code, for whoever looks it up", async () => {
  const error = assertError(await open.send("GET", "/v2/a/manifests/missing"), 404, "MANIFEST_UNKNOWN");
  assert.match(error.message, /a:missing.*push the image first/);
  assert.equal(error.detail["code"], "MANIFEST_UNKNOWN");
  assert.ok(typeof error.detail["remedy"] === "string");
});

test("every request is counted by one of a few routes, and never by what a client makes up", async () => {
  open.counted.length = 0;
  for (const [method, path] of [
    ["GET", "/v2/"],
    ["GET", "/v2/a/tags/list"],
    ["FOO", "/v2/a/tags/list"],
    ["GET", "/v2/x"],
  ] as const)
    await open.send(method, path).catch(() => undefined);
  assert.deepEqual(
    open.counted.map(({ route, method, status }) => `${route} ${method} ${status}`),
    ["version GET 200", "tags GET 404", "unknown GET 404"],
  );
});
