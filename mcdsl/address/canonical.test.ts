import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonicalNetwork } from "./canonical.ts";

describe("a network", () => {
  const networks: readonly [string, string | undefined][] = [
    ["203.0.113.7", "203.0.113.7/32"],
    ["203.0.113.7/24", "203.0.113.0/24"],
    ["203.0.113.255/25", "203.0.113.128/25"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:DB8:0::1", "2001:db8::1/128"],
    ["2001:db8:ffff::/33", "2001:db8:8000::/33"],
    ["::/0", "::/0"],
    ["::ffff:10.0.0.1", "10.0.0.1/32"],
    ["::ffff:10.0.0.0/104", undefined],
    ["203.0.113.0/33", undefined],
    ["203.0.113.0/", undefined],
    ["203.0.113.0/1/2", undefined],
    ["203.0.113", undefined],
    ["fe80::1%eth0", undefined],
    ["example.org", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of networks) {
    test(`${JSON.stringify(text)} is ${expected ?? "none"}`, () => {
      assert.equal(canonicalNetwork(text), expected);
    });
  }
});
