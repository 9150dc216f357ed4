import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatDigest } from "../digest.ts";
import { defaultImmutabilityRules } from "./default-rules.ts";
import { type ImmutabilityRule, quotaBytes, requireMovable } from "./tag-rules.ts";

const one = formatDigest("sha256", "1".repeat(64));
const two = formatDigest("sha256", "2".repeat(64));

function aRule(fields: Partial<ImmutabilityRule>): ImmutabilityRule {
  const all = { repositories: [], tags: [], immutable: true, deletable: false };
  return { id: "rule", priority: 100, ...all, ...fields };
}

function isAllowed(
  rules: readonly ImmutabilityRule[],
  tag: string,
  change: Parameters<typeof requireMovable>[3],
) {
  try {
    requireMovable(rules, "team/app", tag, change);
    return true;
  } catch (thrown) {
    assert.equal((thrown as { code?: string }).code, "TAG_IMMUTABLE");
    return false;
  }
}
const isMovable = (rules: readonly ImmutabilityRule[], tag: string, to = two): boolean =>
  isAllowed(rules, tag, { from: one, to });
const isRemovable = (rules: readonly ImmutabilityRule[], tag: string): boolean =>
  isAllowed(rules, tag, { from: one });

describe("immutability", () => {
  test("of versions is what a new registry begins with", () => {
    for (const tag of ["1.2.3", "v1.2.3", "0.0.0", "v1.0.0-rc.1", "1.2.3-alpine", "1.2.3_1"]) {
      assert.equal(isMovable(defaultImmutabilityRules, tag), false, tag);
      assert.equal(isRemovable(defaultImmutabilityRules, tag), true, tag);
    }
    for (const tag of ["latest", "1", "v1", "1.2", "01.2.3", "1.2.3.4", "1.2.3-", "main-1.2.3"]) {
      assert.equal(isMovable(defaultImmutabilityRules, tag), true, tag);
    }
  });

  test("lets a tag be pushed again with what it stands for", () => {
    assert.equal(isMovable([aRule({})], "v1.0.0", one), true);
  });

  test("keeps a tag from being deleted unless the rule says otherwise", () => {
    assert.equal(isRemovable([aRule({})], "v1.0.0"), false);
    assert.equal(isRemovable([aRule({ deletable: true })], "v1.0.0"), true);
  });

  test("has exceptions by rules that are asked before", () => {
    const rules = [aRule({ id: "scratch", priority: 1, tags: ["dev-*"], immutable: false }), aRule({})];
    assert.equal(isMovable(rules, "dev-1"), true);
    assert.equal(isMovable(rules, "release"), false);
  });

  test("is about the repositories that the rule names", () => {
    assert.equal(isMovable([aRule({ repositories: ["other/*"] })], "v1.0.0"), true);
  });

  test("is refused with what the tag stands for, and the rule", () => {
    assert.throws(() => requireMovable([aRule({})], "team/app", "v1", { from: one, to: two }), {
      code: "TAG_IMMUTABLE",
      message: `cannot move tag team/app:v1: it stands for ${one}, and the rule rule keeps it so; push under another tag`,
    });
  });
});

describe("quotas", () => {
  test("are those of the first rule for the repository", () => {
    const rules = [
      { id: "big", priority: 1, repositories: ["team/big"], bytes: 1000 },
      { id: "team", priority: 2, repositories: ["team/**"], bytes: 10 },
    ];
    assert.equal(quotaBytes(rules, "team/big"), 1000);
    assert.equal(quotaBytes(rules, "team/small"), 10);
    assert.equal(quotaBytes(rules, "other"), undefined);
  });
});
