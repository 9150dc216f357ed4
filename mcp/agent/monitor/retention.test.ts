import assert from "node:assert/strict";
import { test } from "node:test";
import { createObserverWorld } from "../test/monitor-fakes.ts";
import { prune } from "./retention.ts";

const dayMs = 86_400_000;
const retentionMs = 30 * dayMs;

/** A registry with so many events, one a second until now, and a clock whose time passes while one sleeps. */
async function createStored(count: number) {
  const world = await createObserverWorld();
  const nowMs = world.clock.now();
  const event = { service: "hello", component: "web", previous: "running", next: "exited" } as const;
  world.registry.transaction(() => {
    for (let index = 0; index < count; index += 1) {
      world.registry.events.append({ ...event, atMs: nowMs - 1_000 * (count - index) });
    }
  });
  const pauses: number[] = [];
  const clock = {
    now: () => nowMs,
    sleep(durationMs: number, signal?: AbortSignal) {
      pauses.push(durationMs);
      return signal?.aborted === true ? Promise.reject(signal.reason as Error) : Promise.resolve();
    },
  };
  const ages = () =>
    world.registry.events
      .recent({ service: "", sinceMs: 0, limit: 10_000 })
      .map(({ atMs }) => (nowMs - atMs) / 1_000);
  return Object.assign(world, { clock, nowMs, pauses, ages });
}

test("of more events than are kept the newest stay", async () => {
  await using stored = await createStored(3_000);
  const { signal } = new AbortController();
  await prune(stored.registry, { retentionMs, maxEvents: 1_000 }, { clock: stored.clock, signal });
  const ages = stored.ages();
  assert.deepEqual([ages.length, ages[0], ages.at(-1)], [1_000, 1, 1_000]);
});

test("alerts that recovered long ago go, and those that last stay", async () => {
  await using stored = await createStored(0);
  const { alerts } = stored.registry;
  const alert = {
    type: "drift",
    service: "hello",
    desired: "running",
    observed: "exited",
    previous: "running",
    transitions: 0,
    atMs: stored.nowMs - 40 * dayMs,
  } as const;
  for (const [component, recoveredDaysAgo] of Object.entries({ old: 31, recent: 29, lasting: undefined })) {
    const { id } = alerts.raise({ ...alert, component }, "none");
    if (recoveredDaysAgo === undefined) continue;
    alerts.recover(id, { atMs: stored.nowMs - recoveredDaysAgo * dayMs, observed: "running" }, "none");
  }
  const { signal } = new AbortController();
  await prune(stored.registry, { retentionMs, maxEvents: 1 }, { clock: stored.clock, signal });
  const left = alerts.list({ service: "", active: false, limit: 10 }).map(({ component }) => component);
  assert.deepEqual(left, ["lasting", "recent"]);
});

test("it pauses after each batch, and ends between two batches when it is asked to", async () => {
  await using stored = await createStored(3_000);
  const stop = new AbortController();
  const config = { retentionMs: 0, maxEvents: 1 };
  const clock = {
    ...stored.clock,
    sleep: (durationMs: number, signal?: AbortSignal) => {
      if (stored.pauses.length === 2) stop.abort(new Error("enough"));
      return stored.clock.sleep(durationMs, signal);
    },
  };
  await assert.rejects(prune(stored.registry, config, { clock, signal: stop.signal }), /enough/);
  assert.equal(stored.ages().length, 3_000 - 20 - 40 - 80);
  await prune(stored.registry, config, { clock: stored.clock, signal: new AbortController().signal });
  assert.equal(stored.ages().length, 0);
  assert.ok(stored.pauses.every((durationMs) => durationMs >= 5));
});
