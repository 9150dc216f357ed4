import assert from "node:assert/strict";
import { test } from "node:test";

import { creationTimeS, imageLabels, publicUrl, sourceDateEpoch } from "./image-labels.ts";
import { assertReleasable } from "./release-rules.ts";
import { changedFiles, type SourceRevision } from "./source-revision.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";

function revision(fields: Partial<SourceRevision> = {}): SourceRevision {
  return { commit, committedAtS: 1_700_000_000, tags: [], changed: [], origin: undefined, ...fields };
}

test("a release is made of a clean commit with its tag, or that of its service", () => {
  const codeOf = (tag: string, of: SourceRevision | undefined): string => {
    try {
      assertReleasable({ image: `h/x:${tag}`, tag, service: "shop", directory: "/src" }, of);
      return "";
    } catch (thrown) {
      return (thrown as { code: string }).code;
    }
  };
  const cases: readonly [string, SourceRevision | undefined, string][] = [
    ["v1.0.0", revision({ tags: ["v1.0.0"] }), ""],
    ["v1.0.0", revision({ tags: ["other", "shop/v1.0.0"] }), ""],
    ["v1.0.0", revision({ tags: ["cart/v1.0.0"] }), "BUILD_TREE_UNTAGGED"],
    ["v1.0.0", revision(), "BUILD_TREE_UNTAGGED"],
    ["v1.0.0", revision({ tags: ["v1.0.0"], changed: ["a"] }), "BUILD_TREE_DIRTY"],
    ["v1.0.0", undefined, ""],
    ["dev-1", revision({ changed: ["a"] }), ""],
  ];
  for (const [tag, of, code] of cases) assert.equal(codeOf(tag, of), code, `${tag} ${JSON.stringify(of)}`);
});

test("changed files are those of git, a renamed one by its new name", () => {
  assert.deepEqual(changedFiles(" M a b\0R  new\0old\0?? c\0"), ["a b", "new", "c"]);
  assert.deepEqual(changedFiles(""), []);
});

test("labels say version, time, commit and source", () => {
  const origin = "git@git.example.net:team/shop.git";
  assert.deepEqual(imageLabels("v1", 0, revision({ changed: ["a"], origin })), {
    "org.opencontainers.image.version": "v1",
    "org.opencontainers.image.created": "1970-01-01T00:00:00.000Z",
    "org.opencontainers.image.revision": `${commit}-dirty`,
    "org.opencontainers.image.source": "ssh://git.example.net/team/shop.git",
  });
  assert.deepEqual(Object.keys(imageLabels("v1", 0, undefined)), [
    "org.opencontainers.image.version",
    "org.opencontainers.image.created",
  ]);
});

test("the URL of the source has no user, password or query, and none is shown of this machine's files", () => {
  assert.equal(publicUrl("https://kyle:hunter2@h.net:8443/a.git?token=1#x"), "https://h.net:8443/a.git");
  assert.equal(publicUrl("ssh://git@h.net/a.git"), "ssh://h.net/a.git");
  for (const origin of ["/home/kyle/a.git", "file:///home/kyle/a.git", "../a", ""]) {
    assert.equal(publicUrl(origin), undefined, origin);
  }
});

test("the time of an image is the one given, else the commit's, else now", () => {
  const nowMs = 5_000;
  const at = (sourceDateEpochS: number | undefined, of: SourceRevision | undefined): number =>
    creationTimeS({ sourceDateEpochS, revision: of, nowMs });
  assert.equal(at(7, revision()), 7);
  assert.equal(at(undefined, revision()), 1_700_000_000);
  assert.equal(at(undefined, revision({ changed: ["a"] })), 5);
  assert.equal(at(undefined, undefined), 5);
  assert.deepEqual(["12", "", "x", undefined].map(sourceDateEpoch), [12, undefined, undefined, undefined]);
});
