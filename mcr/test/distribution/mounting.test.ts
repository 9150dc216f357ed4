import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertError, pushBlob } from "./content.ts";
import { type Distribution, digestOf, type Reply, startDistribution, tableAuthenticator } from "./fixture.ts";

// Distribution specification 1.1, section "Mounting a blob from another repository".

let open: Distribution;
let closed: Distribution;
before(async () => {
  open = await startDistribution();
  closed = await startDistribution({
    authenticator: tableAuthenticator(
      {
        owner: { secret: ["pull", "push"], shared: ["pull", "push"] },
        guest: { target: ["pull", "push"], shared: ["pull"] },
      },
      { guest: { askable: ["pull"] } },
    ),
  });
});
after(async () => {
  await open[Symbol.asyncDispose]();
  await closed[Symbol.asyncDispose]();
});

const as = (name: string) => ({ headers: { authorization: `Bearer ${name}` } });
const mount = (to: string, digest: string, from?: string): string =>
  `/v2/${to}/blobs/uploads/?mount=${digest}${from === undefined ? "" : `&from=${from}`}`;

async function pushAs(name: string, repository: string): Promise<{ digest: string; content: Buffer }> {
  return pushBlob(
    { send: (method, path, parts) => closed.send(method, path, { ...parts, ...as(name) }) },
    repository,
  );
}

function assertUpload(reply: Reply, repository: string): void {
  assert.equal(reply.status, 202, reply.body.toString());
  assert.ok(reply.headers.location?.startsWith(`/v2/${repository}/blobs/uploads/`));
}

test("a blob of another repository is mounted, and stays where it was", async () => {
  const { digest, content } = await pushBlob(open, "mount/from");
  const reply = await open.send("POST", mount("mount/to", digest, "mount/from"));
  assert.equal(reply.status, 201);
  assert.equal(reply.headers.location, `/v2/mount/to/blobs/${digest}`);
  assert.equal(reply.headers["docker-content-digest"], digest);
  for (const repository of ["mount/from", "mount/to"]) {
    const got = await open.send("GET", `/v2/${repository}/blobs/${digest}`);
    assert.ok(got.body.equals(content));
  }
  assert.equal((await open.send("DELETE", `/v2/mount/from/blobs/${digest}`)).status, 202);
  assert.equal((await open.send("GET", `/v2/mount/to/blobs/${digest}`)).status, 200);
});

test("a blob that the other repository lacks is to be uploaded", async () => {
  const digest = digestOf("nobody has this");
  const reply = await open.send("POST", mount("mount/to", digest, "mount/from"));
  assertUpload(reply, "mount/to");
  const put = await open.send("PUT", `${reply.headers.location}?digest=${digest}`, {
    body: "nobody has this",
  });
  assert.equal(put.status, 201);
});

test("a blob is found by itself where no repository is named", async () => {
  const { digest } = await pushBlob(open, "mount/somewhere");
  assert.equal((await open.send("POST", mount("mount/found", digest))).status, 201);
  assert.equal((await open.send("GET", `/v2/mount/found/blobs/${digest}`)).status, 200);
  assertUpload(await open.send("POST", mount("mount/found", digestOf("not anywhere"))), "mount/found");
});

test("only who may read the other repository can mount from it, and others learn nothing", async () => {
  const { digest } = await pushAs("owner", "secret");
  const absent = digestOf("absent");
  for (const asked of [digest, absent]) {
    for (const from of ["secret", "nobody", undefined])
      assertUpload(await closed.send("POST", mount("target", asked, from), as("guest")), "target");
  }
  assert.equal((await closed.send("HEAD", `/v2/target/blobs/${digest}`, as("guest"))).status, 404);
});

test("who may read the other repository can, by name and without", async () => {
  const named = await pushAs("owner", "shared");
  assert.equal((await closed.send("POST", mount("target", named.digest, "shared"), as("guest"))).status, 201);
  const unnamed = await pushAs("owner", "shared");
  assert.equal((await closed.send("POST", mount("target", unnamed.digest), as("guest"))).status, 201);
});

test("whoever would be allowed with another token is told which", async () => {
  const reply = await closed.send("POST", mount("target", digestOf("x"), "askable"), as("guest"));
  assertError(reply, 401, "UNAUTHORIZED");
  assert.match(
    reply.headers["www-authenticate"] ?? "",
    /scope="repository:target:pull,push repository:askable:pull" error="insufficient_scope"/,
  );
});

test("nobody without an account is asked for a token again that is not to be had", async () => {
  const table = tableAuthenticator(
    { nobody: { target: ["pull", "push"] } },
    { nobody: { secret: ["pull"] } },
  );
  await using registry = await startDistribution({
    authenticator: {
      ...table,
      authenticate: async (authorization) => ({
        ...(await table.authenticate(authorization)),
        caller: { kind: "anonymous", name: "", roles: [] },
      }),
    },
  });
  const reply = await registry.send("POST", mount("target", digestOf("a blob"), "secret"), as("nobody"));
  assertUpload(reply, "target");
});

test("the right to read the other repository is not the right to push to this one", async () => {
  const { digest } = await pushAs("owner", "shared");
  assertError(await closed.send("POST", mount("shared", digest, "shared"), as("guest")), 403, "DENIED");
  assertError(await closed.send("POST", mount("secret", digest, "shared"), as("guest")), 403, "DENIED");
});

test("what is no digest or no name is refused", async () => {
  assertError(await open.send("POST", mount("mount/to", "sha256:x", "mount/from")), 400, "DIGEST_INVALID");
  assertError(await open.send("POST", mount("mount/to", digestOf("x"), "../etc")), 400, "NAME_INVALID");
});

test("a mount is in the audit with where it came from", async () => {
  const { digest } = await pushBlob(open, "mount/audited");
  open.audited.length = 0;
  await open.send("POST", mount("mount/to", digest, "mount/audited"));
  assert.deepEqual(
    open.audited.map((entry) => [entry.action, entry.outcome, entry.repository, entry.digest, entry.detail]),
    [["mount-blob", "ok", "mount/to", digest, "from mount/audited"]],
  );
});
