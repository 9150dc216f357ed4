import assert from "node:assert/strict";
import { test } from "node:test";
import { restartDelayMs } from "./backoff.ts";

test("each failure in a row doubles the wait, up to half a minute", () => {
  assert.deepEqual([1, 2, 3, 4, 7, 1_000].map(restartDelayMs), [500, 1_000, 2_000, 4_000, 30_000, 30_000]);
});
