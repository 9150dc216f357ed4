import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { expiredTags, isExpiredManifest, ruleFor, type ManifestFacts } from "./retention.ts";
import type { RetentionRule, TagRetention } from "../policy/retention-rule.ts";

const nowMs = 1_000_000;
const moment = { nowMs, leaseMs: 10 };

const aTag = (name: string, ageMs: number, pulledAgoMs?: number) => ({
  name,
  updatedAtMs: nowMs - ageMs,
  lastPullAtMs: pulledAgoMs === undefined ? 0 : nowMs - pulledAgoMs,
});

const keepNothing: TagRetention = {
  match: [],
  protect: [],
  protectSemver: false,
  keepNewest: 0,
  keepPushedWithinMs: 0,
  keepPulledWithinMs: 0,
};

describe("of tags", () => {
  const tags = [aTag("a", 100), aTag("b", 300), aTag("c", 200)];
  const cases: readonly [
    string,
    Partial<TagRetention>,
    readonly ReturnType<typeof aTag>[],
    readonly string[],
  ][] = [
    ["all go where nothing keeps them, the oldest first", {}, tags, ["b", "c", "a"]],
    ["the newest stay", { keepNewest: 2 }, tags, ["b"]],
    [
      "of the same age those whose name is first stay",
      { keepNewest: 1 },
      [aTag("y", 50), aTag("x", 50)],
      ["y"],
    ],
    ["those pushed in time stay", { keepPushedWithinMs: 250 }, tags, ["b"]],
    ["those pulled in time stay", { keepPulledWithinMs: 40 }, [aTag("p", 90, 30), aTag("q", 90, 50)], ["q"]],
    ["those of a push that may be under way stay", {}, [aTag("young", 9), aTag("old", 10)], ["old"]],
    [
      "only those that match go",
      { match: ["pr-*", "tmp"] },
      [aTag("pr-1", 50), aTag("tmp", 60), aTag("tmp2", 70)],
      ["tmp", "pr-1"],
    ],
    [
      "only those that match count as the newest",
      { match: ["pr-*"], keepNewest: 1 },
      [aTag("new", 20), aTag("pr-1", 50), aTag("pr-2", 60)],
      ["pr-2"],
    ],
    [
      "protected ones stay",
      { protect: ["main", "rel-*"] },
      [aTag("main", 50), aTag("rel-7", 50), aTag("dev", 50)],
      ["dev"],
    ],
    [
      "versions stay where they are protected",
      { protectSemver: true },
      ["1.2.3", "v1.2.3", "v1.2.3-rc.1", "1.2.3_build", "1.2", "v1", "1.2.3.4"].map((name, age) =>
        aTag(name, 100 - age),
      ),
      ["1.2", "v1", "1.2.3.4"],
    ],
  ];
  for (const [name, changes, given, expected] of cases)
    test(name, () => assert.deepEqual(expiredTags({ ...keepNothing, ...changes }, given, moment), expected));
});

describe("of manifests", () => {
  const rule = { untaggedAfterMs: 100, orphanedAfterMs: 50 };
  const old: ManifestFacts = {
    isTagged: false,
    isIncluded: false,
    subject: "none",
    pushedAtMs: nowMs - 1_000,
    lastPullAtMs: 0,
    releasedAtMs: 0,
  };
  const cases: readonly [string, Partial<ManifestFacts>, Partial<typeof rule> | undefined, boolean][] = [
    ["one without a tag goes after its time", {}, rule, true],
    ["one with a tag stays", { isTagged: true }, rule, false],
    ["one that an index names stays", { isIncluded: true }, rule, false],
    ["one that was pushed just now stays", { pushedAtMs: nowMs - 99 }, rule, false],
    ["one that was pulled just now stays", { lastPullAtMs: nowMs - 99 }, rule, false],
    ["one that lost its tag just now stays", { releasedAtMs: nowMs - 99 }, rule, false],
    ["one that lost its tag long ago goes", { releasedAtMs: nowMs - 100 }, rule, true],
    ["an artifact whose subject is there stays for ever", { subject: "there" }, rule, false],
    [
      "an artifact whose subject is gone goes after its own time",
      { subject: "gone", releasedAtMs: nowMs - 50 },
      rule,
      true,
    ],
    [
      "an artifact whose subject went just now stays",
      { subject: "gone", releasedAtMs: nowMs - 49 },
      rule,
      false,
    ],
    [
      "an artifact stays where the rule is only about others",
      { subject: "gone" },
      { untaggedAfterMs: 0 },
      false,
    ],
    ["none goes where the rule says nothing", {}, { orphanedAfterMs: 0 }, false],
    ["none goes within the lease of its push", { pushedAtMs: nowMs - 9 }, { untaggedAfterMs: 0 }, false],
    [
      "one goes at once after the lease where the rule says so",
      { pushedAtMs: nowMs - 10 },
      { untaggedAfterMs: 0 },
      true,
    ],
  ];
  for (const [name, changes, given, expected] of cases)
    test(name, () => {
      const asked = { untaggedAfterMs: given?.untaggedAfterMs, orphanedAfterMs: given?.orphanedAfterMs };
      assert.equal(isExpiredManifest(asked, { ...old, ...changes }, moment), expected);
    });
});

test("of rules the first by priority, then by id, counts for a repository, and no other", () => {
  const aRule = (id: string, repositories: string, priority: number): RetentionRule => ({
    ...{ id, repositories, priority },
    ...{ tags: undefined, untaggedAfterMs: undefined, orphanedAfterMs: undefined },
  });
  const rules = [aRule("c", "team/*", 2), aRule("b", "team/app", 1), aRule("a", "**", 2)];
  assert.equal(ruleFor(rules, "team/app")?.id, "b");
  assert.equal(ruleFor(rules, "team/other")?.id, "a");
  assert.equal(ruleFor(rules.slice(0, 2), "other"), undefined);
});
