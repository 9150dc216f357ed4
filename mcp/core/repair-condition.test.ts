import assert from "node:assert/strict";
import { test } from "node:test";
import { repairCondition } from "./repair-condition.ts";

type Seen = Parameters<typeof repairCondition>[0];

const cases: readonly (readonly [ReturnType<typeof repairCondition>, string, Partial<Seen>])[] = [
  ["as-desired", "runs", { state: "running" }],
  ["drifting", "was removed", { state: "removed" }],
  ["drifting", "was stopped by somebody", { state: "stopped" }],
  ["drifting", "crashed", { state: "exited", exitCode: 1 }],
  ["drifting", "ended with code 0, which its policy does not accept", { state: "exited", exitCode: 0 }],
  ["finished", "may end, and did", { state: "exited", exitCode: 0, restart: "no" }],
  ["finished", "may end, and failed", { state: "exited", exitCode: 1, restart: "no" }],
  ["finished", "ended well", { state: "exited", exitCode: 0, restart: "on-failure:3" }],
  [
    "drifting",
    "failed more often than the runtime restarts it",
    { state: "exited", exitCode: 1, restart: "on-failure:3" },
  ],
  ["finished", "has no policy", { state: "exited", exitCode: 0, restart: "" }],
  ["drifting", "was killed", { state: "exited", exitCode: 137, restart: "no" }],
  ["drifting", "died unseen", { state: "exited", exitCode: undefined, restart: "no" }],
  ["drifting", "was removed, though it may end", { state: "removed", restart: "no" }],
  ["unknown", "cannot be seen", { state: "unknown" }],
  ["unknown", "is none of ours", { desired: "ignore", state: "removed" }],
  ["as-desired", "is stopped, as it should be", { desired: "stopped", state: "exited", exitCode: 1 }],
  ["drifting", "runs though it should not", { desired: "stopped", state: "running" }],
];

for (const [expected, title, seen] of cases) {
  test(`a component that ${title} is ${expected}`, () => {
    const usual = { desired: "running", state: "running", exitCode: undefined, restart: "always" } as const;
    assert.equal(repairCondition({ ...usual, ...seen }), expected);
  });
}
