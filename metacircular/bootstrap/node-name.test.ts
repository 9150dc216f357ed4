import assert from "node:assert/strict";
import { test } from "node:test";
import { alternativeName, nodeName } from "./node-name.ts";

test("a node is named after its host, in the letters that names of nodes may have", () => {
  const names = {
    rift: "rift",
    "Rift.example.net": "rift",
    "my_host!": "my-host",
    "-x-": "x",
    "": "local",
    ___: "local",
    ["a".repeat(70)]: "a".repeat(63),
    [`${"a".repeat(62)}-b`]: "a".repeat(62),
  };
  for (const [host, name] of Object.entries(names)) assert.equal(nodeName(host), name, host);
});

test("the alternative name is no longer than names may be", () => {
  assert.equal(alternativeName("rift", "1a2b"), "rift-1a2b");
  assert.equal(alternativeName("a".repeat(63), "1a2b").length, 63);
});
