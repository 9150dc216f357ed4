import assert from "node:assert/strict";
import { test } from "node:test";
import { absoluteRow, comparedRow, limitedRow, resultOf } from "./result.ts";

const sides = { ours: [10, 12, 11], peer: [20, 22, 21] };

test("a goal for the ratio compares the medians", () => {
  const row = comparedRow("deploy", sides, 0.5);
  assert.deepEqual([row.ours, row.peer, row.met], [11, 21, false]);
  assert.ok(comparedRow("deploy", sides, 0.75).met);
});

test("a goal in milliseconds looks at our side only", () => {
  assert.ok(limitedRow("death", sides, 11).met);
  assert.ok(!limitedRow("death", sides, 10).met);
});

test("a result has just what the file promises", () => {
  const result = resultOf(absoluteRow("memory", { ours: 93.456_78, unit: "MB" }, 100));
  assert.deepEqual(result, {
    name: "memory",
    ours: 93.46,
    peer: null,
    unit: "MB",
    ratio: null,
    goal: 100,
    met: true,
  });
});
