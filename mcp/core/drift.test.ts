import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { isDrift } from "./drift.ts";
import type { DesiredState, ObservedState } from "./spec.ts";

const observedStates: readonly ObservedState[] = ["running", "stopped", "exited", "removed", "unknown"];

/** Which observations drift from what is desired; all others do not. */
const drifting: Record<DesiredState, readonly ObservedState[]> = {
  running: ["stopped", "exited", "removed"],
  stopped: ["running"],
  ignore: [],
};

describe("isDrift", () => {
  for (const [desired, states] of Object.entries(drifting) as [DesiredState, ObservedState[]][]) {
    for (const observed of observedStates) {
      const expected = states.includes(observed);
      test(`${desired} and ${observed} is ${expected ? "drift" : "no drift"}`, () => {
        assert.equal(isDrift(desired, observed), expected);
      });
    }
  }
});
