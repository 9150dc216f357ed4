import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lockDelayMs, lockedForMs, oneMoreFailure } from "./lock-delay.ts";

const policy = { freeAttempts: 3, firstDelayMs: 1000, maxDelayMs: 60_000, forgetAfterMs: 86_400_000 };

test("the first attempts are free, then the wait doubles up to the maximum", () => {
  const delays = [0, 1, 2, 3, 4, 5, 6, 9, 10, 1000].map((failures) => lockDelayMs(failures, policy));
  assert.deepEqual(delays, [0, 0, 0, 0, 1000, 2000, 4000, 32_000, 60_000, 60_000]);
});

test("one more failure never shortens the wait", () => {
  fc.assert(
    fc.property(fc.nat(10_000), (failures) => {
      assert.ok(lockDelayMs(failures + 1, policy) >= lockDelayMs(failures, policy));
    }),
  );
});

test("a lock ends exactly when its delay has passed", () => {
  const failures = { count: 5, lastAtMs: 10_000 };
  assert.equal(lockedForMs(failures, policy, 10_000), 2000);
  assert.equal(lockedForMs(failures, policy, 11_999), 1);
  assert.equal(lockedForMs(failures, policy, 12_000), 0);
});

test("failures are forgotten after a quiet day", () => {
  const before = { count: 9, lastAtMs: 0 };
  assert.equal(oneMoreFailure(before, policy, 86_399_999).count, 10);
  assert.equal(oneMoreFailure(before, policy, 86_400_000).count, 1);
});
