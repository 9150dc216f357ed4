import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "../test/monitor-fakes.ts";
import { createPacer, pace } from "./pace.ts";

/** A pacer at work, and the looks that it had, as `ms since start: causes`. */
function createPaced(lookMs = 0) {
  const clock = createManualClock(0);
  const looks: string[] = [];
  const stop = new AbortController();
  const pacer = createPacer<string>({
    clock,
    async look(causes) {
      looks.push(`${clock.now()}: ${[...causes].join(" ")}`);
      if (lookMs > 0) await clock.sleep(lookMs);
    },
  });
  const running = pacer.run(stop.signal).catch(() => undefined);
  return {
    clock,
    looks,
    pacer,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await clock.advance(lookMs);
      await running;
    },
  };
}

test("causes that come together are one look, soon after the first", async () => {
  await using paced = createPaced();
  paced.pacer.request("watch");
  paced.pacer.request("watch");
  await paced.clock.advance(10);
  paced.pacer.request("process");
  await paced.clock.advance(1_000);
  assert.deepEqual(paced.looks, ["20: watch process"]);
});

test("a cause that comes during a look leads to another", async () => {
  await using paced = createPaced(100);
  paced.pacer.request("watch");
  await paced.clock.advance(50);
  paced.pacer.request("watch");
  await paced.clock.advance(1_000);
  assert.deepEqual(paced.looks, ["20: watch", "140: watch"]);
});

test("nothing happens without a cause", async () => {
  await using paced = createPaced();
  await paced.clock.advance(3_600_000);
  assert.deepEqual(paced.looks, []);
});

test("a container that crashes for ever gets a look a second once the burst is used up", async () => {
  await using paced = createPaced();
  for (let elapsedMs = 0; elapsedMs < 60_000; elapsedMs += 100) {
    paced.pacer.request("watch");
    await paced.clock.advance(100);
  }
  const most = pace.burst + 60_000 / pace.refillMs;
  assert.ok(paced.looks.length <= most && paced.looks.length > most - 5, `${paced.looks.length} looks`);
});

test("the burst is earned again while nothing happens", async () => {
  await using paced = createPaced();
  for (let round = 0; round < 3; round += 1) {
    const before = paced.looks.length;
    for (let look = 0; look < pace.burst; look += 1) {
      paced.pacer.request("watch");
      await paced.clock.advance(pace.gatherMs);
    }
    assert.equal(paced.looks.length, before + pace.burst, `round ${round}`);
    await paced.clock.advance(pace.burst * pace.refillMs);
  }
});

test("a clock that is set back neither ends the looks nor the limit of them", async () => {
  await using paced = createPaced();
  paced.pacer.request("watch");
  await paced.clock.advance(1_000);
  await paced.clock.advance(-3_600_000);
  for (let elapsedMs = 0; elapsedMs < 60_000; elapsedMs += 100) {
    paced.pacer.request("watch");
    await paced.clock.advance(100);
  }
  assert.ok(paced.looks.length >= 50 && paced.looks.length <= 90, `${paced.looks.length} looks`);
});
