import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeOperations } from "./operations.ts";

const minuteMs = 60_000;
const operation = {
  id: "op",
  kind: "deploy",
  service: "shop",
  caller: "kyle",
  startedAtMs: 0,
  attempts: 1,
} as const;
const holder = { operationId: "op", kind: "deploy", caller: "kyle", sinceMs: 0 } as const;

for (const [what, held, nowMs, attempts, severity, found] of [
  ["just begun", true, minuteMs, 1, "ok", "kyle began it 1 min ago"],
  ["of the last hour", true, 61 * minuteMs, 1, "warning", "kyle began it 61 min ago, and it has not ended"],
  [
    "begun anew again and again",
    true,
    minuteMs,
    4,
    "warning",
    "kyle began it 1 min ago, and it has not ended, in attempt 4",
  ],
  ["that nobody works on", false, minuteMs, 1, "problem", "kyle began it 1 min ago, and nothing works on it"],
] as const) {
  test(`an operation ${what} is ${severity}`, () => {
    const [judged] = judgeOperations([{ ...operation, attempts }], () => (held ? holder : undefined), nowMs);
    assert.deepEqual([judged?.severity, judged?.found], [severity, found]);
  });
}

test("no unfinished operation is well", () => {
  assert.equal(judgeOperations([], () => undefined, 0)[0]?.severity, "ok");
});
