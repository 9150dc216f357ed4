import assert from "node:assert/strict";
import { test } from "node:test";
import type { Announcement } from "@metacircular/mcp-core/alert.ts";
import type { ObservedState } from "@metacircular/mcp-core/spec.ts";
import { createDeskWorld } from "../test/alert-fakes.ts";
import { createAlertRules } from "./alert-rules.ts";
import type { RecordedObservation } from "./record.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const cooldownMs = 15 * minuteMs;
const states: readonly ObservedState[] = ["running", "exited", "removed", "unknown"];
const config = { intervalMs: minuteMs, flapThreshold: 3, flapWindowMs: 10 * minuteMs };

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

/** What was observed of a component that should run. */
function anObservation(previous: ObservedState, state: ObservedState, ours = false): RecordedObservation {
  return {
    service: "hello",
    component: "web",
    desired: "running",
    previous,
    state,
    exitCode: undefined,
    startedAtMs: 0,
    pid: 0,
    specHash: "",
    processGone: false,
    restarted: false,
    ours,
    transitions: state === previous || state === "unknown" ? [] : [{ previous, next: state }],
  };
}

/** A day of a component that changes its state as the seed decides, often or seldom, beside an agent that is
 * started again now and then; after it, half an hour in one state, then in another. */
async function dayOf(seed: number) {
  await using world = await createDeskWorld({ cooldownMs });
  world.register("hello", "web");
  const random = randomFrom(seed);
  const restless = random() ** 3;
  let rules = createAlertRules(config, world.openDesk());
  let atMs = 0;
  let state: ObservedState = "running";
  const look = (next: ObservedState, ours: boolean) => {
    const observation = anObservation(state, next, ours);
    state = next;
    world.registry.transaction(() => rules.evaluate({ atMs, observations: [observation] }));
  };
  for (; atMs < dayMs; atMs += minuteMs * (0.02 + 0.98 * random())) {
    if (random() < 0.002) rules = createAlertRules(config, world.openDesk(atMs));
    const next = states[Math.floor(random() * states.length)] ?? state;
    look(random() < restless ? next : state, random() < 0.1);
  }
  const announced = [...world.announced];
  /** What lasts after half an hour in that state. */
  const settled = (next: ObservedState) => {
    for (const untilMs = atMs + 30 * minuteMs; atMs <= untilMs; atMs += minuteMs) look(next, false);
    return world.registry.alerts.list({ service: "", active: true, limit: 10 }).map(({ type }) => type);
  };
  return { announced, whileRunning: settled("running"), whileExited: settled("exited") };
}

/** Times of the announcements of one type, and of their ends. */
function timesOf(announced: readonly Announcement[], type: "drift" | "flapping") {
  const raised = announced.filter((each) => each.type === type).map(({ atMs }) => atMs);
  const recovered = announced
    .filter((each) => each.type === "recovered" && each.recovered === type)
    .map(({ atMs }) => atMs);
  return { raised, recovered };
}

test("whatever a component does for a day, its alerts are bounded as documented", async (context) => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const { announced, whileRunning, whileExited } = await dayOf(seed);
    assert.deepEqual([whileRunning, whileExited], [[], ["drift"]], `seed ${seed}`);
    for (const type of ["drift", "flapping"] as const) {
      const { raised, recovered } = timesOf(announced, type);
      const about = `seed ${seed}, ${type}: ${raised.length} raised, ${recovered.length} recovered`;
      context.diagnostic(about);
      for (const [index, atMs] of raised.slice(1).entries()) {
        assert.ok(atMs - (raised[index] ?? 0) >= cooldownMs, `${about}: within the cooldown`);
      }
      assert.ok(raised.length <= dayMs / cooldownMs, about);
      assert.ok(recovered.length <= raised.length, about);
      for (const [index, atMs] of recovered.entries()) {
        const since = recovered[index - 1] ?? -1;
        assert.ok(
          raised.some((raisedMs) => raisedMs > since && raisedMs <= atMs),
          `${about}: recovered at ${atMs} without an alert after ${since}`,
        );
      }
    }
  }
});
