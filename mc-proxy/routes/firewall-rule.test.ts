import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FirewallRuleRequest, parseFirewallRule } from "./firewall-rule.ts";

describe("a firewall rule", () => {
  const request: FirewallRuleRequest = {
    id: "",
    action: "deny",
    source: { country: "kp" },
    port: 0,
    comment: "",
  };

  test("gets an id where it has none, and its country in capital letters", () => {
    assert.deepEqual(
      parseFirewallRule(request, () => "new"),
      { rule: { id: "new", action: "deny", source: { country: "KP" }, port: 0, comment: "" } },
    );
  });

  test("tells all its problems at once", () => {
    const bad = { id: "a b", action: undefined, source: undefined, port: 70_000, comment: "\n" };
    const parsed = parseFirewallRule(bad, () => "new");
    assert.equal("problems" in parsed ? parsed.problems.length : 0, 5);
  });

  for (const source of [{ cidr: "x" }, { country: "CHE" }, { country: "" }]) {
    test(`is refused with the source ${JSON.stringify(source)}`, () => {
      assert.ok("problems" in parseFirewallRule({ ...request, source }, () => "new"));
    });
  }
});
