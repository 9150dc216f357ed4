import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertError, pushBlob, pushImage, putManifest } from "./content.ts";
import { type Distribution, type Reply, startDistribution, tableAuthenticator } from "./fixture.ts";

// Distribution specification 1.1, section "Listing Tags", and docker's list of repositories.

let registry: Distribution;
before(async () => void (registry = await startDistribution()));
after(() => registry[Symbol.asyncDispose]());

interface TagList {
  readonly name: string;
  readonly tags: readonly string[];
}

const tagsOf = (reply: Reply): readonly string[] => (reply.json() as TagList).tags;

/** Path of the header `Link`, undefined where there is none. */
function next(reply: Reply): string | undefined {
  const { link } = reply.headers;
  if (link === undefined) return undefined;
  const match = /^<(.+)>; rel="next"$/.exec(String(link));
  assert.ok(match !== null, String(link));
  return match[1];
}

test("tags are listed in the order of their bytes", async () => {
  const { manifest } = await pushImage(registry, "list/order");
  const tags = ["b", "a", "B", "_", "1.10", "1.9", "a-1", "a.1", "a_1", "Z"];
  for (const tag of tags) await putManifest(registry, "list/order", tag, manifest);
  const reply = await registry.send("GET", "/v2/list/order/tags/list");
  assert.equal(reply.status, 200);
  assert.equal(reply.headers["content-type"], "application/json");
  assert.deepEqual(reply.json(), { name: "list/order", tags: tags.toSorted() });
  assert.equal(next(reply), undefined);
});

test("a page has as many tags as are asked for, and says where the rest is", async () => {
  const { manifest } = await pushImage(registry, "list/pages");
  const tags = ["t1", "t2", "t3", "t4", "t5"];
  for (const tag of tags) await putManifest(registry, "list/pages", tag, manifest);
  const first = await registry.send("GET", "/v2/list/pages/tags/list?n=2");
  assert.deepEqual(tagsOf(first), ["t1", "t2"]);
  const second = await registry.send("GET", next(first) ?? "");
  assert.deepEqual(tagsOf(second), ["t3", "t4"]);
  const third = await registry.send("GET", next(second) ?? "");
  assert.deepEqual(tagsOf(third), ["t5"]);
  assert.equal(next(third), undefined);
  const all = await registry.send("GET", "/v2/list/pages/tags/list?n=5");
  assert.deepEqual(tagsOf(all), tags);
  assert.equal(next(all), undefined);
  assert.deepEqual(tagsOf(await registry.send("GET", "/v2/list/pages/tags/list?last=t3")), ["t4", "t5"]);
  assert.deepEqual(tagsOf(await registry.send("GET", "/v2/list/pages/tags/list?n=1&last=t")), ["t1"]);
  assert.deepEqual(tagsOf(await registry.send("GET", "/v2/list/pages/tags/list?n=9&last=zzz")), []);
});

test("no tags are listed where none are asked for", async () => {
  await pushImage(registry, "list/zero", { reference: "v1" });
  const reply = await registry.send("GET", "/v2/list/zero/tags/list?n=0");
  assert.deepEqual(reply.json(), { name: "list/zero", tags: [] });
  assert.equal(next(reply), undefined);
});

test("a number that is none is refused", async () => {
  await pushImage(registry, "list/wrong", { reference: "v1" });
  for (const n of ["-1", "x", "1e3", "99999999999", "0x10"])
    assertError(await registry.send("GET", `/v2/list/wrong/tags/list?n=${n}`), 400, "UNSUPPORTED");
  assertError(
    await registry.send("GET", `/v2/list/wrong/tags/list?last=${"a".repeat(600)}`),
    400,
    "UNSUPPORTED",
  );
  assert.equal((await registry.send("GET", "/v2/list/wrong/tags/list?last=../../x%00'--")).status, 200);
});

test("a repository that nothing was pushed to is unknown, one without tags is not", async () => {
  assertError(await registry.send("GET", "/v2/list/nobody/tags/list"), 404, "NAME_UNKNOWN");
  const { digest } = await pushImage(registry, "list/emptied", { reference: "v1" });
  assert.equal((await registry.send("DELETE", `/v2/list/emptied/manifests/${digest}`)).status, 202);
  assert.deepEqual((await registry.send("GET", "/v2/list/emptied/tags/list")).json(), {
    name: "list/emptied",
    tags: [],
  });
  await pushBlob(registry, "list/blobs");
  assert.deepEqual(tagsOf(await registry.send("GET", "/v2/list/blobs/tags/list")), []);
});

test("ten thousand tags are listed at once, and more by following the links", async () => {
  const { manifest, digest } = await pushImage(registry, "list/many");
  const names = Array.from({ length: 11_000 }, (_, at) => `tag=t${String(at).padStart(5, "0")}`);
  for (let at = 0; at < names.length; at += 50) {
    const path = `/v2/list/many/manifests/${digest}?${names.slice(at, at + 50).join("&")}`;
    assert.equal((await registry.send("PUT", path, { body: manifest })).status, 201);
  }
  const first = await registry.send("GET", "/v2/list/many/tags/list");
  assert.equal(tagsOf(first).length, 10_000);
  const second = await registry.send("GET", next(first) ?? "");
  assert.equal(tagsOf(second).length, 1_000);
  assert.equal(next(second), undefined);
  assert.equal(new Set([...tagsOf(first), ...tagsOf(second)]).size, 11_000);
  assert.equal(tagsOf(await registry.send("GET", "/v2/list/many/tags/list?n=999999999")).length, 10_000);
});

test("repositories are listed to who may read them, in full pages", async () => {
  const writer = {
    n1: ["pull", "push"],
    n2: ["pull", "push"],
    n3: ["pull", "push"],
    n4: ["pull", "push"],
  } as const;
  await using closed = await startDistribution({
    authenticator: tableAuthenticator({ writer, reader: { n1: ["pull"], n3: ["pull"], n4: ["pull"] } }),
  });
  const as = (name: string) => ({ headers: { authorization: `Bearer ${name}` } });
  const sender = {
    send: (method: string, path: string, parts?: object) =>
      closed.send(method, path, { ...parts, ...as("writer") }),
  };
  for (const name of Object.keys(writer)) await pushBlob(sender, name);
  const names = (reply: Reply): unknown => (reply.json() as { repositories: string[] }).repositories;
  assert.deepEqual(names(await closed.send("GET", "/v2/_catalog", as("writer"))), ["n1", "n2", "n3", "n4"]);
  assert.deepEqual(names(await closed.send("GET", "/v2/_catalog", as("reader"))), ["n1", "n3", "n4"]);
  const first = await closed.send("GET", "/v2/_catalog?n=2", as("reader"));
  assert.deepEqual(names(first), ["n1", "n3"]);
  assert.deepEqual(names(await closed.send("GET", next(first) ?? "", as("reader"))), ["n4"]);
  const all = await closed.send("GET", "/v2/_catalog?n=3", as("reader"));
  assert.equal(next(all), undefined, "what may not be read does not make a further page");
  assert.deepEqual(names(await closed.send("GET", "/v2/_catalog?n=0", as("reader"))), []);
  assertError(await closed.send("GET", "/v2/_catalog"), 401, "UNAUTHORIZED");
});
