import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { WatchEventsResponseSchema } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { createObserverWorld } from "../test/monitor-fakes.ts";
import { recordedEvents } from "./recorded-events.ts";

const about = { service: "hello", component: "web" } as const;
const drift = {
  ...about,
  type: "drift",
  desired: "running",
  observed: "exited",
  previous: "running",
  transitions: 1,
} as const;

/** What is told of so many changes of state, one a second, and of an alert from 2.5 s to 4.5 s. */
async function told(changes: number, query: { service: string; sinceMs: number }) {
  await using world = await createObserverWorld();
  const { registry } = world;
  registry.transaction(() => {
    for (let second = 0; second < changes; second += 1) {
      registry.events.append({ ...about, previous: "running", next: "exited", atMs: second * 1_000 });
    }
  });
  const { id } = registry.alerts.raise({ ...drift, atMs: 2_500 }, "none");
  registry.alerts.recover(id, { atMs: 4_500, observed: "running" }, "none");
  return recordedEvents(registry, query).map((message) => {
    const { timestamp, event } = create(WatchEventsResponseSchema, message);
    const atMs = timestamp === undefined ? 0 : timestampMs(timestamp);
    if (event.case !== "alert") return `${atMs}: ${event.case}`;
    const { type, recoveredType, observedState, prevState, duration } = event.value;
    return `${atMs}: ${type} ${recoveredType} ${prevState} -> ${observedState} ${duration?.seconds ?? ""}`;
  });
}

test("alerts and their ends stand among the changes of state, in the order of time", async () => {
  assert.deepEqual(await told(5, { service: "", sinceMs: 2_000 }), [
    "2000: stateChanged",
    "2500: drift  running -> exited ",
    "3000: stateChanged",
    "4000: stateChanged",
    "4500: recovered drift exited -> running 2",
  ]);
});

test("of an alert from before that time only its end is told, and of another service nothing", async () => {
  assert.deepEqual(await told(5, { service: "hello", sinceMs: 4_100 }), [
    "4500: recovered drift exited -> running 2",
  ]);
  assert.deepEqual(await told(5, { service: "other", sinceMs: 0 }), []);
});

test("of more than a thousand the newest are told, and that there are more", async () => {
  const events = await told(1_200, { service: "", sinceMs: 0 });
  assert.deepEqual([events.length, events[0], events[1]], [1_001, "0: eventsLost", "200000: stateChanged"]);
  assert.equal((await told(998, { service: "", sinceMs: 0 })).length, 1_000);
});
