import assert from "node:assert/strict";
import { test } from "node:test";
import { aDeploy, aWeb } from "@metacircular/testkit/engine.ts";
import { cooldownMs, createReconcileWorld } from "../test/reconcile-world.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** The most starts a day that docs/repair.md allows, with the defaults and whatever the component does. */
const mostStarts = 850;
const giveUpAfter = 20;

/** A sequence of numbers from 0 up to 1 that its seed decides (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A day of a service whose container ends after a time that `lifetimeMs` decides, each time it was started.
 * @param restarted whether the runtime starts it again itself at once, as its policy says */
async function dayOf(
  seed: number,
  lifetimeMs: (random: number) => number,
  { restarted }: { restarted: boolean },
) {
  const random = randomFrom(seed);
  await using world = await createReconcileWorld({ random });
  const { runtime, clock } = world;
  let starts = -1;
  runtime.before("start", () => void (starts += 1), { times: Infinity });
  await world.run(aDeploy([aWeb("v1", { restart: restarted ? "always" : "on-failure:1" })]));
  const untilMs = clock.now() + dayMs;
  let endsAtMs = clock.now() + lifetimeMs(random());
  let startedAtMs = runtime.container("hello-web").startedAtMs;
  while (clock.now() < untilMs) {
    const container = runtime.container("hello-web");
    if (container.startedAtMs !== startedAtMs) {
      startedAtMs = container.startedAtMs;
      endsAtMs = clock.now() + lifetimeMs(random());
    }
    if (container.state === "running" && clock.now() >= endsAtMs) {
      if (restarted) runtime.alter("hello-web", { startedAtMs: clock.now() });
      else runtime.alter("hello-web", { state: "exited", pid: 0, exitCode: 1, exitedAtMs: clock.now() });
      await world.look();
    }
    const leftMs = container.state === "running" ? endsAtMs - clock.now() : minuteMs;
    await world.pass(Math.min(minuteMs, Math.max(100, leftMs)));
    await world.look();
  }
  const own = world.ownOperations();
  const count = (kind: string) => own.filter((each) => each === kind).length;
  return {
    starts,
    brakes: count("brake"),
    operations: own.length,
    state: world.repairOf()?.state,
    events: world.registry.events.recent({ service: "hello", sinceMs: 0, limit: 100_000 }).length,
    announced: Map.groupBy(world.announced, ({ type }) => type),
  };
}

type Day = Awaited<ReturnType<typeof dayOf>>;

function assertFewAlerts({ announced }: Day): void {
  const most = Math.ceil(dayMs / cooldownMs) + 1;
  for (const [type, alerts] of announced) {
    if (type !== "recovered") assert.ok(alerts.length <= most, `${alerts.length} of ${type}`);
  }
}

test("a service that flaps for a day is started no more often than documented, and told of no more often", async (context) => {
  const day = await dayOf(1, (random) => random ** 4 * 30 * minuteMs, { restarted: false });
  context.diagnostic(`${day.starts} starts, ${day.events} events, ends ${day.state}`);
  assert.ok(day.starts >= giveUpAfter && day.starts <= mostStarts, `${day.starts} starts`);
  assertFewAlerts(day);
});

test("a service that never runs well is given up, and told of once", async () => {
  const day = await dayOf(4, (random) => random * 5 * minuteMs, { restarted: false });
  assert.equal(day.state, "given-up");
  assert.equal(day.starts, giveUpAfter);
  assert.equal(day.announced.get("gave-up")?.length, 1);
  assertFewAlerts(day);
});

test("a crash loop for a day costs few operations and events", async (context) => {
  const day = await dayOf(5, () => 100, { restarted: true });
  context.diagnostic(`${day.starts} starts, ${day.brakes} brakes, ${day.events} events`);
  assert.equal(day.state, "given-up");
  assert.ok(day.starts <= giveUpAfter, `${day.starts} starts`);
  assert.ok(day.operations <= 3 * giveUpAfter, `${day.operations} operations`);
  assert.ok(day.events <= 20 * giveUpAfter, `${day.events} events`);
  assert.equal(day.announced.get("crash-loop")?.length, 1);
  assertFewAlerts(day);
});
