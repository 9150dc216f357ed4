import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compareRules } from "@metacircular/mcdsl/policy/rule-order.ts";
import type { Action, Caller } from "../access/access.ts";
import type { AccessRule } from "./access-rule.ts";
import { defaultAccessRules } from "./default-rules.ts";
import { allowsEverybodyEverything, judgeAccess } from "./judge-access.ts";

const anonymous: Caller = { kind: "anonymous", name: "", roles: [] };
const alice: Caller = { kind: "human", name: "alice", roles: ["user"] };
const root: Caller = { kind: "human", name: "root", roles: ["admin"] };
const guest: Caller = { kind: "human", name: "guest", roles: ["admin", "guest"] };
const agent: Caller = { kind: "system", name: "mcp-agent", roles: [] };

function aRule(fields: Partial<AccessRule>): AccessRule {
  const all = { accounts: [], kinds: [], roles: [], repositories: [], actions: [] };
  return { id: "rule", priority: 100, effect: "allow", ...all, ...fields };
}

function judge(rules: readonly AccessRule[], caller: Caller, action: Action, repository = "team/app") {
  return judgeAccess(rules.toSorted(compareRules), caller, action, repository);
}

describe("access rules", () => {
  test("allow nothing where there are none", () => {
    for (const caller of [anonymous, alice, root, agent]) {
      const { allowed, rule, reason } = judge([], caller, "pull");
      assert.deepEqual(
        { allowed, rule, reason },
        { allowed: false, rule: undefined, reason: "no rule allows it" },
      );
    }
  });

  test("begin with everything for administrators, and pulling for system accounts", () => {
    const allowed = (caller: Caller) =>
      (["pull", "push", "delete"] as const).filter(
        (action) => judge(defaultAccessRules, caller, action).allowed,
      );
    assert.deepEqual(allowed(root), ["pull", "push", "delete"]);
    assert.deepEqual(allowed(agent), ["pull"]);
    assert.deepEqual(allowed(alice), []);
    assert.deepEqual(allowed(anonymous), []);
    assert.deepEqual(allowed(guest), []);
  });

  test("decide by the first that matches, for each action", () => {
    const rules = [
      aRule({ id: "all", priority: 20 }),
      aRule({ id: "no-deletion", priority: 10, effect: "deny", actions: ["delete"] }),
    ];
    assert.equal(judge(rules, alice, "push").rule?.id, "all");
    assert.equal(judge(rules, alice, "delete").rule?.id, "no-deletion");
    assert.equal(judge(rules, alice, "delete").allowed, false);
  });

  test("deny before they allow where the priority is the same", () => {
    const rules = [aRule({ id: "a" }), aRule({ id: "z", effect: "deny" })];
    assert.equal(judge(rules, alice, "pull").allowed, false);
  });

  test("let nobody in without an account unless they say so", () => {
    assert.equal(judge([aRule({})], anonymous, "pull").allowed, false);
    assert.equal(judge([aRule({ kinds: ["human", "system"] })], anonymous, "pull").allowed, false);
    const named = aRule({ kinds: ["anonymous"], accounts: ["*"] });
    assert.equal(judge([named], anonymous, "pull").allowed, false);
    const open = aRule({ kinds: ["anonymous"], actions: ["pull"], repositories: ["public/**"] });
    assert.equal(judge([open], anonymous, "pull", "public/app").allowed, true);
    assert.equal(judge([open], anonymous, "pull", "private/app").allowed, false);
    assert.equal(judge([open], anonymous, "push", "public/app").allowed, false);
    assert.equal(judge([open], alice, "pull", "public/app").allowed, false);
  });

  test("that deny to everybody also deny to who has no account", () => {
    const rules = [
      aRule({ id: "open", priority: 20, kinds: ["anonymous"] }),
      aRule({ id: "closed", priority: 10, effect: "deny", repositories: ["secret/**"] }),
    ];
    assert.equal(judge(rules, anonymous, "pull", "public/app").allowed, true);
    assert.equal(judge(rules, anonymous, "pull", "secret/app").allowed, false);
  });

  test("match accounts, kinds and roles all together", () => {
    const rule = aRule({ accounts: ["ali*"], kinds: ["human"], roles: ["user", "admin"] });
    assert.equal(judge([rule], alice, "pull").allowed, true);
    assert.equal(judge([rule], root, "pull").allowed, false);
    assert.equal(judge([rule], { ...alice, roles: [] }, "pull").allowed, false);
    assert.equal(judge([rule], { ...alice, kind: "system" }, "pull").allowed, false);
  });

  test("tell whether anybody may do everything", () => {
    const open = aRule({ kinds: ["anonymous"] });
    assert.equal(allowsEverybodyEverything([open]), true);
    assert.equal(allowsEverybodyEverything([{ ...open, actions: ["pull"] }]), false);
    assert.equal(allowsEverybodyEverything([{ ...open, repositories: ["public/**"] }]), false);
    const closed = aRule({ effect: "deny", actions: ["delete"], repositories: ["a"] });
    assert.equal(allowsEverybodyEverything([closed, open]), false);
    assert.equal(allowsEverybodyEverything([]), false);
  });
});
