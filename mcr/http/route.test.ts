import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseTarget } from "./route.ts";

test("each path of the API stands for one thing", () => {
  const routes: readonly [path: string, route: object | undefined][] = [
    ["/v2/", { kind: "version" }],
    ["/v2", { kind: "version" }],
    ["/v2/_catalog", { kind: "catalog" }],
    ["/v2/a/tags/list", { kind: "tags", repository: "a" }],
    ["/v2/a/b/c/tags/list", { kind: "tags", repository: "a/b/c" }],
    ["/v2/a/manifests/v1", { kind: "manifest", repository: "a", reference: "v1" }],
    ["/v2/a/manifests/sha256%3Aab", { kind: "manifest", repository: "a", reference: "sha256:ab" }],
    ["/v2/a/blobs/sha256:ab", { kind: "blob", repository: "a", digest: "sha256:ab" }],
    ["/v2/a/blobs/uploads/", { kind: "uploads", repository: "a" }],
    ["/v2/a/blobs/uploads", { kind: "uploads", repository: "a" }],
    ["/v2/a/blobs/uploads/1", { kind: "upload", repository: "a", id: "1" }],
    ["/v2/a/referrers/sha256:ab", { kind: "referrers", repository: "a", digest: "sha256:ab" }],
    ["/v2/a", undefined],
    ["/v2/a/", undefined],
    ["/v2/tags/list", undefined],
    ["/v2/blobs/uploads/", undefined],
    ["/v2/a/manifests/", undefined],
    ["/v2/a/tags/other", undefined],
    ["/v2/a%2fb/tags/list", undefined],
    ["/v2/%zz/tags/list", undefined],
  ];
  for (const [path, route] of routes) assert.deepEqual(parseTarget(path)?.route, route, path);
});

test("a repository may have the words of the API in its name", () => {
  const name = "tags/list/manifests/blobs/uploads/referrers";
  assert.deepEqual(parseTarget(`/v2/${name}/tags/list`)?.route, { kind: "tags", repository: name });
  assert.deepEqual(parseTarget(`/v2/${name}/manifests/x`)?.route, {
    kind: "manifest",
    repository: name,
    reference: "x",
  });
  assert.deepEqual(parseTarget(`/v2/${name}/blobs/uploads/`)?.route, { kind: "uploads", repository: name });
});

test("what is not below /v2/ is for somebody else, and so are tokens", () => {
  for (const url of ["/", "/v1/x", "/v22/", "/v2/token", "/v2/token?scope=a", "", "*", "/x/v2/"])
    assert.equal(parseTarget(url), undefined, url);
});

test("a query is read, and a whole URL is as good as its path", () => {
  assert.equal(parseTarget("/v2/a/tags/list?n=5&last=x%2B1")?.query.get("last"), "x+1");
  assert.deepEqual(parseTarget("https://registry.example/v2/a/tags/list?n=5")?.route, {
    kind: "tags",
    repository: "a",
  });
});

test("no target makes it fail, nor a part with a separator in it", () => {
  const text = fc.string({
    unit: fc.constantFrom("/", "%", "2", "f", "F", ".", "a", "?", "blobs", "uploads", "\0", "ü"),
    maxLength: 30,
  });
  fc.assert(
    fc.property(text, (path) => {
      const route = parseTarget(`/v2/${path}`)?.route;
      if (route === undefined) return;
      if ("id" in route) assert.ok(!route.id.includes("/"));
      if ("reference" in route) assert.ok(!route.reference.includes("/"));
      if ("digest" in route) assert.ok(!route.digest.includes("/"));
    }),
  );
});
