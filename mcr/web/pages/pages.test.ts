import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDigest } from "../../digest.ts";
import type { RetentionRule } from "../../policy/retention-rule.ts";
import { retentionHint } from "../read/retention-hint.ts";
import { foreign, properties } from "./pieces.ts";
import { repositoriesPage } from "./repositories.ts";
import { repositoryPage } from "./repository.ts";

const viewer = { nowMs: 1_000_000, formToken: "t", isAdmin: false, registryHost: "mcr.example" };
const digest = parseDigest(`sha256:${"a".repeat(64)}`);
assert.ok(digest !== undefined);

function aRepository(changes: object) {
  const summary = {
    name: "team/app",
    tags: 1,
    manifests: 1,
    sizeBytes: 950,
    lastPushAtMs: 990_000,
    lastPullAtMs: 0,
  };
  const query = { search: "", order: "newest", page: 1 } as const;
  const page = { items: [], number: 1, pages: 1, total: 0 };
  const view = { summary, quotaBytes: undefined, retention: "", query, page, isCut: false, mayDelete: false };
  return repositoryPage({ ...view, ...changes }, viewer).toString();
}

describe("a repository's page", () => {
  test("shows how much of a quota is used, and that it is nearly full", () => {
    assert.doesNotMatch(aRepository({}), /Quota/);
    assert.match(
      aRepository({ quotaBytes: 1_000 }),
      /Quota: 950 B of 1000 B \(95 %\)|Quota: 950 B of 1\.0 KiB \(95 %\)/,
    );
    assert.match(aRepository({ quotaBytes: 1_000 }), /class="bar full"/);
    assert.match(aRepository({ quotaBytes: 10_000 }), /class="bar"/);
    assert.match(aRepository({ quotaBytes: 0 }), /\(100 %\)/);
  });

  test("offers to delete it only to who may", () => {
    assert.doesNotMatch(aRepository({}), /Delete/);
    assert.match(aRepository({ mayDelete: true }), /href="\/r\/team\/app\/-\/delete"/);
  });

  test("says what garbage collection does there", () => {
    const rule: RetentionRule = {
      id: "r",
      priority: 1,
      repositories: "team/*",
      tags: {
        match: [],
        protect: [],
        protectSemver: true,
        keepNewest: 5,
        keepPushedWithinMs: 30 * 86_400_000,
        keepPulledWithinMs: 0,
      },
      untaggedAfterMs: 86_400_000,
      orphanedAfterMs: undefined,
    };
    assert.equal(
      retentionHint([rule], "team/app"),
      "Tags are removed, but not the newest 5, those pushed in the last 30 days, versions. Manifests without a tag are removed after 1 day.",
    );
    assert.equal(retentionHint([rule], "other/app"), "");
    for (const [untaggedAfterMs, text] of [
      [90_000, "90 seconds"],
      [3_600_000, "1 hour"],
      [36 * 3_600_000, "36 hours"],
    ] as const) {
      const hint = retentionHint([{ ...rule, tags: undefined, untaggedAfterMs }], "team/app");
      assert.equal(hint, `Manifests without a tag are removed after ${text}.`);
    }
  });
});

test("an empty registry says how something comes into it, and to whom it only looks empty", () => {
  const list = {
    query: { search: "", order: "name", page: 1 },
    page: { items: [], number: 1, pages: 1, total: 0 },
    visible: 0,
    isCut: false,
    largestBytes: 0,
  } as const;
  const shown = repositoriesPage(list, { ...viewer, isAdmin: true }).toString();
  assert.match(
    shown,
    /Nothing was pushed yet[^]*podman login mcr\.example<[^]*podman push localhost\/app mcr\.example\//,
  );
  assert.match(repositoriesPage(list, viewer).toString(), /no repository that you may pull from/);
});

describe("a text that somebody wrote into an image", () => {
  test("is cut, isolated, and shows what cannot be seen", () => {
    assert.equal(foreign("a\u202Eb\u200Bc\0").toString(), "<bdi>a\\u{202e}b\\u{200b}c\\u{0}</bdi>");
    assert.ok(foreign("x".repeat(5_000)).toString().length < 1_100);
  });

  test("is a link only where it is an https address without a password", () => {
    const shown = (value: string): string => properties({ name: value }).toString();
    assert.match(shown("https://git.example/a?b=c"), /<a href="https:\/\/git\.example\/a\?b=c"/);
    for (const value of [
      "javascript:alert(1)",
      "http://x",
      "https://a@evil.example/",
      'https://x/"onx="',
      "//x",
    ]) {
      assert.doesNotMatch(shown(value), /<a /, value);
    }
  });

  test("does not come without bound", () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, "v"]));
    assert.match(properties(many).toString(), /and 800 more/);
  });
});
