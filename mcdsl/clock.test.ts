import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "./clock.ts";

test("a sleep of many days does not end at once, and can be cut short", async () => {
  const over = new AbortController();
  let isAwake = false;
  const asleep = systemClock.sleep(30 * 86_400_000, over.signal).then(() => (isAwake = true));
  await systemClock.sleep(20);
  assert.equal(isAwake, false);
  over.abort(new Error("enough"));
  await assert.rejects(asleep, /enough/);
});
