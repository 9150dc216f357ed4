import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDigest } from "../digest.ts";
import { manifestPath, repositoryPath, routeOf } from "./paths.ts";

const digest = parseDigest(`sha256:${"a".repeat(64)}`);
assert.ok(digest !== undefined);

test("paths lead to what they were made for, whatever the names are", () => {
  for (const repository of ["app", "team/app", "a/tags/b", "r/delete", "a-b/c--d/e_f"]) {
    assert.deepEqual(routeOf(repositoryPath(repository)), { page: "repository", repository });
    assert.deepEqual(routeOf(`${repositoryPath(repository)}/-/delete`), {
      page: "delete-repository",
      repository,
    });
    for (const reference of [digest, { tag: "v1.0" }, { tag: "delete" }, { tag: "sha256-aa.sig" }]) {
      const path = manifestPath(repository, reference);
      assert.deepEqual(routeOf(path), { page: "manifest", repository, reference });
      assert.deepEqual(routeOf(`${path}/delete`), { page: "delete-manifest", repository, reference });
    }
  }
});

test("other paths lead nowhere", () => {
  const nowhere = [
    "/r",
    "/r/",
    "/r/App",
    "/r/a//b",
    "/r/a/-/",
    "/r/a/-/tags",
    "/r/a/-/tags/",
    "/r/a/-/tags/a b",
    "/r/a/-/manifests/sha256:x",
    "/r/a/-/tags/x/y",
    "/x",
    "/__proto__",
    "/constructor",
  ];
  for (const path of nowhere) assert.equal(routeOf(path), undefined, path);
});
