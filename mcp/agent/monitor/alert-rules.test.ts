import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DesiredState, ObservedState } from "@metacircular/mcp-core/spec.ts";
import { createDeskWorld } from "../test/alert-fakes.ts";
import { createAlertRules } from "./alert-rules.ts";
import type { RecordedObservation } from "./record.ts";

const minuteMs = 60_000;
const config = {
  intervalMs: minuteMs,
  flapThreshold: 3,
  flapWindowMs: 10 * minuteMs,
};

interface Look {
  readonly minute: number;
  readonly state: ObservedState;
  readonly previous?: ObservedState;
  readonly desired?: DesiredState;
  readonly ours?: boolean;
  readonly restarted?: boolean;
}

function anObservation({
  state,
  previous = state,
  desired = "running",
  ours = false,
  restarted = false,
}: Look): RecordedObservation {
  const restart = [
    { previous: "running", next: "exited" },
    { previous: "exited", next: "running" },
  ] as const;
  return {
    service: "hello",
    component: "web",
    desired,
    previous,
    state,
    exitCode: undefined,
    startedAtMs: 0,
    pid: 0,
    specHash: "",
    processGone: false,
    restarted,
    ours,
    transitions: restarted ? restart : state === previous ? [] : [{ previous, next: state }],
  };
}

/** The announcements that the looks lead to, their alerts' ends included where `ends` is set. */
async function announcedBy(looks: readonly Look[], { ends = false } = {}) {
  await using world = await createDeskWorld({ cooldownMs: 15 * minuteMs });
  world.register("hello", "web");
  const rules = createAlertRules(config, world.openDesk());
  for (const look of looks) {
    rules.evaluate({ atMs: look.minute * minuteMs, observations: [anObservation(look)] });
  }
  return world.announced.filter(({ type }) => ends || type !== "recovered");
}

/** The alerts that the looks lead to, as `minute: type previous -> observed`. */
async function alertsOf(...looks: readonly Look[]): Promise<string[]> {
  return (await announcedBy(looks)).map(
    ({ atMs, type, previous, observed }) => `${atMs / minuteMs}: ${type} ${previous} -> ${observed}`,
  );
}

const crash = (minute: number): Look => ({ minute, state: "exited", previous: "running" });
const recovery = (minute: number): Look => ({ minute, state: "running", previous: "exited" });

describe("a drift alert", () => {
  test("comes with the change, and not again while it lasts", async () => {
    const lasting = [1, 2, 20, 40].map((minute): Look => ({ minute, state: "exited" }));
    assert.deepEqual(await alertsOf(crash(0), ...lasting), ["0: drift running -> exited"]);
  });

  test("comes at the start for drift that exists already", async () => {
    assert.deepEqual(await alertsOf({ minute: 0, state: "exited" }), ["0: drift exited -> exited"]);
  });

  test("comes for what runs though it should be stopped", async () => {
    const look = { minute: 0, state: "running", previous: "stopped", desired: "stopped" } as const;
    assert.deepEqual(await alertsOf(look), ["0: drift stopped -> running"]);
  });

  test("is held back during the cooldown, and comes after it where the drift lasts", async () => {
    assert.deepEqual(
      await alertsOf(
        crash(0),
        recovery(1),
        crash(5),
        { minute: 14, state: "exited" },
        { minute: 15, state: "exited" },
      ),
      ["0: drift running -> exited", "15: drift running -> exited"],
    );
  });

  test("does not come after the cooldown where the drift is over", async () => {
    assert.deepEqual(
      await alertsOf(crash(0), recovery(1), crash(12), recovery(13), { minute: 16, state: "running" }),
      ["0: drift running -> exited"],
    );
  });

  test("comes again when the component drifts in another way after the cooldown", async () => {
    assert.deepEqual(await alertsOf(crash(0), { minute: 20, state: "removed", previous: "exited" }), [
      "0: drift running -> exited",
      "20: drift exited -> removed",
    ]);
  });

  test("never comes for ignored and unknown components", async () => {
    assert.deepEqual(await alertsOf({ ...crash(0), desired: "ignore" }, { minute: 1, state: "unknown" }), []);
  });

  test("is not repeated because the state was unknown for a while", async () => {
    assert.deepEqual(
      await alertsOf(crash(0), { minute: 20, state: "unknown" }, { minute: 21, state: "exited" }),
      ["0: drift running -> exited"],
    );
  });

  test("does not come from an operation, but for what the operation left behind", async () => {
    assert.deepEqual(await alertsOf({ ...crash(0), ours: true }, { minute: 1, state: "exited" }), [
      "1: drift running -> exited",
    ]);
  });

  test("comes for a crash right after an operation mended the last one", async () => {
    assert.deepEqual(await alertsOf(crash(0), { ...recovery(20), ours: true }, crash(21)), [
      "0: drift running -> exited",
      "21: drift running -> exited",
    ]);
  });
});

describe("a flap alert", () => {
  const restart = (minute: number): Look => ({ minute, state: "running", restarted: true });

  test("comes with the first change beyond the threshold", async () => {
    assert.deepEqual(await alertsOf(restart(0), restart(1), restart(2)), ["1: flapping exited -> running"]);
  });

  test("says how many changes there were", async () => {
    const alerts = await announcedBy([restart(0), restart(1)]);
    assert.deepEqual(
      alerts.map(({ transitions }) => transitions),
      [4],
    );
  });

  test("comes again after the cooldown where it goes on, and not while nothing changes", async () => {
    const looks = [
      restart(0),
      restart(1),
      restart(10),
      restart(16),
      { minute: 17, state: "running" } as const,
    ];
    assert.deepEqual(await alertsOf(...looks), [
      "1: flapping exited -> running",
      "16: flapping exited -> running",
    ]);
  });

  test("does not come for changes further apart than the window", async () => {
    assert.deepEqual(await alertsOf(restart(0), restart(11), restart(22)), []);
  });

  test("does not count what operations did, nor that the state was unknown", async () => {
    const seenAgain: Look = { minute: 3, state: "running", previous: "unknown" };
    assert.deepEqual(
      await alertsOf(
        restart(0),
        { minute: 1, state: "stopped", previous: "running", desired: "stopped", ours: true },
        { minute: 2, state: "running", previous: "stopped", ours: true },
        seenAgain,
      ),
      [],
    );
  });

  test("has a cooldown of its own beside that of drift", async () => {
    assert.deepEqual(await alertsOf(crash(0), recovery(1), crash(2), recovery(3)), [
      "0: drift running -> exited",
      "3: flapping exited -> running",
    ]);
  });
});
