import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "../test/monitor-fakes.ts";
import { whenSettled } from "./settle.ts";

const never = new AbortController().signal;

test("what nobody has called for a while is done once", async () => {
  const clock = createManualClock(0);
  const doneAtMs: number[] = [];
  const call = whenSettled({
    clock,
    signal: never,
    quietMs: 1_000,
    action: () => doneAtMs.push(clock.now()),
  });
  call();
  await clock.advance(600);
  call();
  await clock.advance(10_000);
  call();
  await clock.advance(10_000);
  assert.deepEqual(doneAtMs, [1_600, 11_600]);
});

test("a clock that is set back does not put it off", async () => {
  let nowMs = 0;
  const done = Promise.withResolvers<void>();
  const clock = {
    now: () => nowMs,
    sleep: () => Promise.resolve(void (nowMs -= 3_600_000)),
  };
  whenSettled({ clock, signal: never, quietMs: 1_000, action: done.resolve })();
  await done.promise;
  assert.equal(nowMs, -3_600_000);
});
