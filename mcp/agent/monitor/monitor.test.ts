import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { aListed, createObserverWorld } from "../test/monitor-fakes.ts";
import { createAlertCommand } from "./alert.ts";
import { createAlertDesk } from "./alert-desk.ts";
import { createMonitor, type MonitorConfig } from "./monitor.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** A monitor over a runtime in memory, with hello/web registered and running; not started. */
async function createMonitored({
  alertCommand = [],
  ...config
}: Partial<MonitorConfig> & { readonly alertCommand?: readonly string[] } = {}) {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await createObserverWorld());
  world.register("hello", "web");
  world.containers = [aListed()];
  const command = stack.use(createAlertCommand({ ...world, node: "rift", argv: alertCommand }));
  const alerts = createAlertDesk({
    ...world,
    command,
    cooldownMs: 15 * minuteMs,
    nowMs: world.clock.now(),
  });
  const monitor = stack.use(
    createMonitor({
      ...world,
      alerts,
      node: "rift",
      config: {
        intervalMs: minuteMs,
        flapThreshold: 3,
        flapWindowMs: 10 * minuteMs,
        retentionMs: 30 * dayMs,
        maxEvents: 10_000,
        ...config,
      },
    }),
  );
  const owned = stack.move();
  return Object.assign(world, {
    monitor,
    crash: () => void (world.containers = [aListed({ state: "exited", exitCode: 3, pid: 0 })]),
    recover: () => void (world.containers = [aListed()]),
    /** What was announced. */
    alerts: () =>
      world.published.flatMap((event) =>
        event.type === "alert" ? [`${event.alert} ${event.previous} -> ${event.observed}`] : [],
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  });
}

test("it looks at the start and at each interval", async () => {
  await using monitored = await createMonitored();
  monitored.monitor.start();
  await monitored.clock.advance(0);
  assert.equal(monitored.listings, 1);
  assert.equal(monitored.stateOf("hello", "web")?.state, "running");
  await monitored.clock.advance(minuteMs);
  assert.equal(monitored.listings, 2);
  await monitored.clock.advance(10 * minuteMs);
  assert.equal(monitored.listings, 12);
});

test("it looks soon when asked, and asking often is one look", async () => {
  await using monitored = await createMonitored();
  monitored.monitor.start();
  await monitored.clock.advance(0);
  for (let call = 0; call < 10; call += 1) monitored.monitor.observeNow();
  await monitored.clock.advance(100);
  assert.equal(monitored.listings, 2);
});

test("a lost process is found by the sweep within a second, long before the interval", async () => {
  await using monitored = await createMonitored();
  monitored.monitor.start();
  await monitored.clock.advance(1_000);
  monitored.gone.add(42);
  await monitored.clock.advance(1_000);
  assert.equal(monitored.stateOf("hello", "web")?.from, "process");
  assert.deepEqual(monitored.alerts(), ["drift running -> exited"]);
  await monitored.clock.advance(5 * minuteMs);
  assert.equal(monitored.stateOf("hello", "web")?.state, "exited");
  assert.equal(monitored.events().length, 2, "it stays found");
});

test("what was found between two intervals is looked at once more a moment later", async () => {
  await using monitored = await createMonitored();
  monitored.monitor.start();
  await monitored.clock.advance(1_000);
  monitored.gone.add(42);
  await monitored.clock.advance(1_000);
  assert.equal(monitored.stateOf("hello", "web")?.state, "exited");
  monitored.containers = [];
  await monitored.clock.advance(2_000);
  assert.equal(monitored.stateOf("hello", "web")?.state, "removed");
  const before = monitored.listings;
  await monitored.clock.advance(30_000);
  assert.equal(monitored.listings, before);
});

test("existing drift is announced at the start, once", async () => {
  await using monitored = await createMonitored();
  monitored.crash();
  monitored.monitor.start();
  await monitored.clock.advance(5 * minuteMs);
  assert.deepEqual(monitored.alerts(), ["drift unknown -> exited"]);
});

test("a flood of crashes leads to one alert of each type per cooldown", async () => {
  await using monitored = await createMonitored();
  monitored.monitor.start();
  for (let minute = 0; minute < 14; minute += 1) {
    for (const change of [monitored.recover, monitored.crash]) {
      change();
      monitored.monitor.observeNow();
      await monitored.clock.advance(minuteMs / 2);
    }
  }
  assert.deepEqual(monitored.alerts(), [
    "drift running -> exited",
    "recovered exited -> running",
    "flapping exited -> running",
  ]);
});

test("drift that an observation elsewhere finds is announced as well", async () => {
  await using monitored = await createMonitored();
  monitored.monitor.start();
  await monitored.clock.advance(0);
  monitored.crash();
  await monitored.observer.observe({ from: "runtime", service: "hello" });
  assert.deepEqual(monitored.alerts(), ["drift running -> exited"]);
});

test("what an operation breaks is announced soon after it is over, and nothing before", async () => {
  await using monitored = await createMonitored();
  monitored.monitor.start();
  await monitored.clock.advance(0);
  const holder = { operationId: "op-1", kind: "deploy", caller: "ada", sinceMs: 0 } as const;
  {
    using _lock = monitored.locks.acquire("hello", holder, 0);
    monitored.crash();
    await monitored.clock.advance(5 * minuteMs);
    assert.deepEqual(monitored.alerts(), []);
    await monitored.observer.observe({ from: "runtime", service: "hello" });
    assert.deepEqual(monitored.alerts(), []);
  }
  await monitored.clock.advance(2_000);
  assert.equal(monitored.alerts().length, 1);
});

test("the alert command runs for an alert and does not hold up the monitor", async () => {
  await using directory = await createTemporaryDirectory();
  const file = join(directory.path, "alert");
  const script = 'echo "$MCP_NODE $MCP_SERVICE/$MCP_COMPONENT $MCP_ALERT_TYPE $MCP_OBSERVED" >"$1"; sleep 60';
  await using monitored = await createMonitored({ alertCommand: ["/bin/sh", "-c", script, "alert", file] });
  monitored.monitor.start();
  await monitored.clock.advance(0);
  monitored.crash();
  const before = monitored.listings;
  await monitored.clock.advance(3 * minuteMs);
  assert.equal(monitored.listings, before + 3);
  await eventually(async () => assert.equal(await readFile(file, "utf8"), "rift hello/web drift exited\n"));
});

const badCommands = {
  "sleeps and ignores SIGTERM": ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 60; done"],
  fails: ["/bin/sh", "-c", "exit 7"],
  "prints 100 MB": ["/bin/sh", "-c", "exec head -c 100000000 /dev/zero"],
  "does not exist": ["/nowhere/notify"],
};
const outcomes = { fails: /exit code 7/, "prints 100 MB": /^$/, "does not exist": /ENOENT/ };

for (const [name, alertCommand] of Object.entries(badCommands)) {
  test(`an alert command that ${name} does not keep the monitor from seeing and recording`, async (context) => {
    await using monitored = await createMonitored({ alertCommand });
    const { registry, observer } = monitored;
    const names = Array.from({ length: 10 }, (_, index) => `web-${index}`);
    for (const component of names) monitored.register("hello", component);
    monitored.monitor.start();
    await observer.observe({ from: "runtime" });
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    for (let round = 0; round < 10; round += 1) {
      for (const change of [monitored.crash, monitored.recover]) {
        change();
        await observer.observe({ from: "runtime" });
      }
    }
    assert.equal(monitored.events().filter((event) => event === "hello/web running -> exited").length, 10);
    const alerts = () => registry.alerts.list({ service: "", active: false, limit: 100 });
    assert.equal(alerts().length, 1 + names.length + 1, "drift of each, and flapping of one");
    const outcome = Object.entries(outcomes).find(([bad]) => bad === name)?.[1];
    if (outcome === undefined) {
      assert.deepEqual(new Set(alerts().map(({ command }) => command)), new Set(["pending"]));
    } else {
      await eventually(() => {
        for (const { commandError, command } of alerts()) {
          assert.notEqual(command, "pending");
          assert.match(commandError, outcome);
        }
      });
    }
    context.diagnostic(`the event loop waited ${(delay.max / 1e6).toFixed(0)} ms at most`);
  });
}

test("while the runtime cannot be listed it tries again within seconds, then at the interval", async () => {
  await using monitored = await createMonitored({ intervalMs: 10_000 });
  monitored.monitor.start();
  await monitored.clock.advance(5_000);
  monitored.listingFails = true;
  await monitored.clock.advance(5_000);
  assert.equal(monitored.stateOf("hello", "web")?.state, "running", "one failure");
  await monitored.clock.advance(1_000);
  assert.equal(monitored.stateOf("hello", "web")?.state, "unknown");
  await monitored.clock.advance(60_000);
  const before = monitored.listings;
  await monitored.clock.advance(60_000);
  assert.equal(monitored.listings, before + 6);
  monitored.listingFails = false;
  await monitored.clock.advance(10_000);
  assert.equal(monitored.stateOf("hello", "web")?.state, "running");
  assert.deepEqual(monitored.alerts(), []);
});

test("what is seen and cannot be written down is an error in the log, and tried again", async () => {
  await using monitored = await createMonitored();
  const { components } = monitored.registry;
  const working = { ...components };
  Object.assign(components, {
    setObserved() {
      throw new Error("database or disk is full");
    },
  });
  monitored.monitor.start();
  await monitored.clock.advance(500);
  const errors = monitored.log.filter(({ level }) => level === "error");
  assert.deepEqual(
    errors.map(({ fields }) => fields),
    [{ error: "database or disk is full" }],
  );
  Object.assign(components, working);
  await monitored.clock.advance(2_000);
  assert.equal(monitored.stateOf("hello", "web")?.state, "running");
});

test("old events and finished operations are deleted, however many, and recent ones stay", async () => {
  await using monitored = await createMonitored({ retentionMs: 10 * minuteMs });
  const { registry, clock } = monitored;
  const record = (minutesAgo: number) =>
    registry.events.append({
      service: "hello",
      component: "web",
      previous: "running",
      next: "exited",
      atMs: clock.now() - minutesAgo * minuteMs,
    });
  registry.transaction(() => {
    for (let number = 0; number < 1_234; number += 1) record(11);
    record(9);
  });
  const intent = { kind: "stop", service: "hello" } as const;
  registry.operations.begin({ id: "finished", caller: "ada", intent, startedAtMs: clock.now() });
  registry.operations.finish("finished", { outcome: "succeeded", results: [], step: 0 });
  registry.operations.begin({ id: "unfinished", caller: "ada", intent, startedAtMs: clock.now() });
  const operations = () =>
    registry.operations.list({ service: "", limit: 10, inProgress: false }).map(({ id }) => id);
  monitored.monitor.start();
  await clock.advance(1_000);
  assert.equal(monitored.events().length, 1);
  assert.deepEqual(operations(), ["unfinished", "finished"]);
  await clock.advance(11 * minuteMs);
  assert.deepEqual(monitored.events(), []);
  assert.deepEqual(operations(), ["unfinished"]);
});

test("disposing ends everything at once, also while a listing hangs", async () => {
  const monitored = await createMonitored();
  monitored.monitor.start();
  await monitored.clock.advance(0);
  monitored.beforeListingEnds = () => new Promise<void>(() => undefined);
  monitored.monitor.observeNow();
  await monitored.clock.advance(100);
  await monitored[Symbol.asyncDispose]();
  const { listings } = monitored;
  await monitored.clock.advance(10 * minuteMs);
  assert.equal(monitored.listings, listings);
});

test("a runtime without a directory to watch is said once", async () => {
  await using monitored = await createMonitored();
  monitored.monitor.start();
  await monitored.clock.advance(10 * minuteMs);
  const said = monitored.log.filter(({ level }) => level === "warn").map(({ message }) => message);
  assert.deepEqual(said, ["ended containers are noticed at the monitor's interval only"]);
});
