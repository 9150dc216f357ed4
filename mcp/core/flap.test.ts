import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { isFlapping, recentTransitions } from "./flap.ts";

const rule = { threshold: 3, windowMs: 600_000 };

describe("flapping", () => {
  const cases: readonly [name: string, atMs: readonly number[], nowMs: number, flapping: boolean][] = [
    ["never changed", [], 0, false],
    ["as many changes as the threshold", [1, 2, 3], 3, false],
    ["one more than the threshold", [1, 2, 3, 4], 4, true],
    ["the first of four changes just within the window", [1, 2, 3, 4], 600_000, true],
    ["the first of four changes just outside the window", [1, 2, 3, 4], 600_001, false],
    ["changes far apart", [0, 300_000, 600_000, 900_000, 1_200_000], 1_200_000, false],
  ];
  for (const [name, atMs, nowMs, flapping] of cases) {
    test(`${flapping ? "is" : "is not"}: ${name}`, () => {
      const recent = atMs.reduce<readonly number[]>(
        (before, changedAtMs) => recentTransitions(before, 1, changedAtMs, rule),
        [],
      );
      assert.equal(isFlapping(recentTransitions(recent, 0, nowMs, rule), rule), flapping);
    });
  }

  test("keeps a bounded number of changes of a component that never settles", () => {
    let transitions: readonly number[] = [];
    for (let atMs = 0; atMs < 5_000; atMs += 1) transitions = recentTransitions(transitions, 2, atMs, rule);
    assert.equal(transitions.length, 1_000);
    assert.equal(transitions.at(-1), 4_999);
  });
});
