import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Alert, AlertType } from "@metacircular/mcp-core/alert.ts";
import { createDeskWorld } from "../test/alert-fakes.ts";
import { createAlertCommand } from "./alert.ts";
import { createAlertDesk } from "./alert-desk.ts";

const minuteMs = 60_000;
const cooldownMs = 15 * minuteMs;

function anAlert(minute: number, fields: Partial<Alert> = {}): Alert {
  return {
    type: "drift",
    atMs: minute * minuteMs,
    service: "hello",
    component: "web",
    desired: "running",
    observed: "exited",
    previous: "running",
    transitions: 0,
    ...fields,
  };
}

async function createWorld() {
  const world = await createDeskWorld({ cooldownMs });
  world.register("hello", "web");
  return Object.assign(world, {
    /** As `minute: type`, the command's announcements; those of the bus are the same. */
    told: () => world.announced.map(({ atMs, type }) => `${atMs / minuteMs}: ${type}`),
    rows: (active = false) => world.registry.alerts.list({ service: "", active, limit: 100 }),
  });
}

const end = (minute: number, ...types: AlertType[]) => ["hello", "web", types, minute * minuteMs] as const;

describe("the alert desk", () => {
  test("announces a trouble once while it lasts, and its end with how long it lasted", async () => {
    await using world = await createWorld();
    const desk = world.openDesk();
    for (const minute of [0, 1, 30, 60]) desk.raise(anAlert(minute, { type: "crash-loop" }));
    desk.recover(...end(61, "crash-loop", "gave-up"));
    desk.recover(...end(62, "crash-loop", "gave-up"));
    assert.deepEqual(world.told(), ["0: crash-loop", "61: recovered"]);
    assert.deepEqual(world.announced[1], {
      ...anAlert(61),
      type: "recovered",
      recovered: "crash-loop",
      durationMs: 61 * minuteMs,
      desired: "running",
      observed: "unknown",
      previous: "exited",
    });
    assert.deepEqual(
      world.published.map((event) => event.type === "alert" && [event.alert, event.recovered]),
      [
        ["crash-loop", undefined],
        ["recovered", "crash-loop"],
      ],
    );
  });

  test("announces no end of what it never announced", async () => {
    await using world = await createWorld();
    const desk = world.openDesk();
    desk.recover(...end(0, "drift", "flapping", "crash-loop", "gave-up"));
    desk.raise(anAlert(1));
    desk.recover(...end(2, "drift"));
    desk.raise(anAlert(3));
    desk.recover(...end(4, "drift"));
    desk.settle(20 * minuteMs);
    assert.deepEqual(world.told(), ["1: drift", "2: recovered"]);
  });

  test("holds back what comes within the cooldown, and announces it afterwards where it lasts", async () => {
    await using world = await createWorld();
    const desk = world.openDesk();
    desk.raise(anAlert(0, { type: "gave-up" }));
    desk.recover(...end(1, "gave-up"));
    desk.raise(anAlert(2, { type: "gave-up" }));
    desk.settle(14 * minuteMs);
    assert.deepEqual(world.told(), ["0: gave-up", "1: recovered"]);
    desk.settle(15 * minuteMs);
    assert.deepEqual(world.told(), ["0: gave-up", "1: recovered", "15: gave-up"]);
  });

  test("forgets a drift into another state that the cooldown held back and that is over", async () => {
    await using world = await createWorld();
    const desk = world.openDesk();
    desk.raise(anAlert(0));
    desk.raise(anAlert(1, { observed: "removed" }));
    desk.raise(anAlert(2));
    desk.settle(20 * minuteMs);
    assert.deepEqual(world.told(), ["0: drift"]);
  });

  test("keeps each trouble as one row, with what became of the command of its latest announcement", async () => {
    await using world = await createWorld();
    const desk = world.openDesk();
    desk.raise(anAlert(0));
    assert.equal(world.rows()[0]?.command, "pending");
    desk.raise(anAlert(20, { observed: "removed", previous: "exited" }));
    world.ends[1]?.("exit code 7");
    world.ends[0]?.("");
    const [row, ...others] = world.rows();
    assert.deepEqual(others, []);
    assert.deepEqual(
      [row?.observed, row?.raisedAtMs, row?.announcedAtMs, row?.command, row?.commandError],
      ["removed", 0, 20 * minuteMs, "failed", "exit code 7"],
    );
    desk.recover(...end(21, "drift"));
    world.ends[2]?.("");
    assert.deepEqual(
      world.rows().map(({ recoveredAtMs, command, commandError }) => [recoveredAtMs, command, commandError]),
      [[21 * minuteMs, "done", ""]],
    );
    assert.deepEqual(world.rows(true), []);
  });

  test("goes on where the agent before it stopped", async () => {
    await using world = await createWorld();
    const before = world.openDesk();
    before.raise(anAlert(0));
    before.raise(anAlert(0, { type: "flapping" }));
    before.recover(...end(1, "flapping"));
    world.ends[0]?.("");
    const after = world.openDesk(5 * minuteMs);
    assert.deepEqual(
      world.rows().map(({ type, command, commandError }) => [type, command, commandError]),
      [
        ["flapping", "failed", "the agent ended before the command did"],
        ["drift", "done", ""],
      ],
    );
    after.raise(anAlert(5));
    after.raise(anAlert(6, { type: "flapping" }));
    assert.deepEqual(world.told(), ["0: drift", "0: flapping", "1: recovered"]);
    after.recover(...end(7, "drift"));
    assert.deepEqual(
      Object.keys(world.announced[3] ?? {}).toSorted(),
      Object.keys(world.announced[2] ?? {}).toSorted(),
    );
    after.raise(anAlert(16, { type: "flapping" }));
    assert.deepEqual(world.told().slice(3), ["7: recovered", "16: flapping"]);
  });

  test("announces the end for a component that MCP no longer looks after", async () => {
    await using world = await createWorld();
    const desk = world.openDesk();
    desk.raise(anAlert(0));
    desk.raise(anAlert(0, { type: "gave-up" }));
    desk.raise(anAlert(1, { observed: "removed" }));
    world.registry.services.forget("hello");
    desk.settle(2 * minuteMs);
    desk.settle(60 * minuteMs);
    assert.deepEqual(world.told(), ["0: drift", "0: gave-up", "2: recovered", "2: recovered"]);
    assert.deepEqual(
      world.announced.slice(2).map(({ desired, observed }) => [desired, observed]),
      [
        ["ignore", "removed"],
        ["ignore", "removed"],
      ],
    );
  });

  test("is not silenced by a clock that was set back", async () => {
    await using world = await createWorld();
    const desk = world.openDesk();
    desk.raise(anAlert(100_000));
    desk.recover(...end(100_001, "drift"));
    desk.raise(anAlert(7));
    desk.raise(anAlert(8));
    assert.deepEqual(world.told(), ["100000: drift", "100001: recovered", "7: drift"]);
  });

  test("tells everybody, where it cannot write anything down", async () => {
    await using world = await createWorld();
    const desk = world.openDesk();
    world.registry[Symbol.dispose]();
    desk.raise(anAlert(0));
    desk.raise(anAlert(1));
    world.ends[0]?.("");
    assert.deepEqual(world.told(), ["0: drift"]);
    assert.equal(world.published.length, 1);
    const messages = world.log.filter(({ level }) => level === "error").map(({ message }) => message);
    assert.deepEqual(new Set(messages), new Set(["an alert cannot be written down"]));
  });

  test("without a command says so of the alert", async () => {
    await using world = await createWorld();
    await using command = createAlertCommand({ ...world, node: "rift", argv: [] });
    createAlertDesk({ ...world, command, cooldownMs, nowMs: 0 }).raise(anAlert(0));
    assert.deepEqual(
      world.rows().map((row) => row.command),
      ["none"],
    );
  });
});
