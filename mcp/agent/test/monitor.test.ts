import assert from "node:assert/strict";
import { mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { webImage } from "@metacircular/testkit/images.ts";
import { createTestPodman, type TestPodman } from "@metacircular/testkit/podman.ts";
import { aComponent } from "@metacircular/testkit/specs.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createServiceLocks } from "../deploy/locks.ts";
import { createEventBus } from "../events/event-bus.ts";
import { createAlertCommand } from "../monitor/alert.ts";
import { createAlertDesk } from "../monitor/alert-desk.ts";
import { createMonitor } from "../monitor/monitor.ts";
import { createObserver } from "../monitor/observe.ts";
import { openRegistry } from "../registry/registry.ts";
import { type Container, labels, type Runtime } from "../runtime/runtime.ts";
import { createMemoryLogger, type LogLine } from "./monitor-fakes.ts";

const hourMs = 3_600_000;
/** Ends with code 3 when asked by a signal that nobody else sends. */
const script = "trap 'exit 3' USR1; while :; do sleep 0.05; done";

let podman: TestPodman;
let runtime: Runtime;

before(async () => {
  podman = await createTestPodman({ images: [webImage("v1")] });
  runtime = await podman.runtime();
});

after(() => podman[Symbol.asyncDispose]());

/** A monitor at work on real podman, whose interval is an hour: what it notices before, it notices otherwise. */
async function startMonitor(alertCommand: (directory: string) => readonly string[] = () => []) {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await createTemporaryDirectory());
  const clock = systemClock;
  const registry = stack.use(openRegistry(join(directory.path, "mcp.db"), clock));
  const log: LogLine[] = [];
  const shared = {
    registry,
    runtime,
    bus: createEventBus(),
    clock,
    logger: createMemoryLogger(log),
    node: "rift",
  };
  const observer = createObserver({ ...shared, locks: createServiceLocks() });
  const command = stack.use(createAlertCommand({ ...shared, argv: alertCommand(directory.path) }));
  const alerts = createAlertDesk({ ...shared, command, cooldownMs: hourMs, nowMs: clock.now() });
  const monitor = stack.use(
    createMonitor({
      ...shared,
      observer,
      alerts,
      config: {
        intervalMs: hourMs,
        flapThreshold: 3,
        flapWindowMs: hourMs,
        retentionMs: hourMs,
        maxEvents: 10_000,
      },
    }),
  );
  monitor.start();
  const owned = stack.move();
  const observed = (service: string, component = service) => {
    const record = registry.components.get(service, component);
    assert.ok(record, `${service}/${component} is registered`);
    return record.observed;
  };
  return {
    directory: directory.path,
    registry,
    observer,
    monitor,
    log,
    observed,
    /** Waits until the component is in that state. */
    reaches: (service: string, state: string) =>
      eventually(() => {
        assert.equal(observed(service).state, state);
        return observed(service);
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Monitored = Awaited<ReturnType<typeof startMonitor>>;

/** Registers a service of one component and starts its container as the deployer would; returns it once the
 * monitor knows that it runs. */
async function run(
  { registry, observer, reaches }: Monitored,
  service: string,
  restart = "no",
): Promise<Container> {
  registry.services.record(service, true);
  const spec = aComponent({ name: service, image: "localhost/web:v1", restart });
  const declared = { service, position: 0, desired: "running", version: "v1", imageDigest: "" } as const;
  registry.components.record({ ...declared, spec, hostPorts: {} });
  const id = await runtime.create({
    name: service,
    image: spec.image,
    network: "",
    networkAliases: [],
    user: "",
    restart,
    ports: [],
    volumes: [],
    env: [],
    cmd: [script],
    labels: { [labels.service]: service, [labels.component]: service },
    stopTimeoutS: 1,
  });
  await runtime.start(id);
  // One that is only asked for could come after what happens next.
  await observer.observe({ from: "runtime" });
  await reaches(service, "running");
  const container = await runtime.inspect(id);
  assert.ok(container);
  return container;
}

async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

describe("the monitor on podman", () => {
  test("records a crash with its exit code, found by the watch, in well under a second", async () => {
    await using monitored = await startMonitor();
    const tookMs: number[] = [];
    // A machine that is busy with something else is late once, but not each time.
    while (tookMs.length < 10 && Math.min(...tookMs) >= 1_000) {
      const service = `crashes-${tookMs.length}`;
      const { pid } = await run(monitored, service);
      const diedAtMs = Date.now();
      process.kill(pid, "SIGUSR1");
      const { from, exitCode, atMs } = await monitored.reaches(service, "exited");
      assert.equal(exitCode, 3);
      const [newest] = monitored.registry.events.recent({ service, sinceMs: 0, limit: 1 });
      assert.deepEqual([newest?.previous, newest?.next], ["running", "exited"]);
      tookMs.push(from === "watch" ? atMs - diedAtMs : Infinity);
    }
    assert.ok(Math.min(...tookMs) < 1_000, `recorded by the watch after ${tookMs.join(", ")} ms`);
  });

  test("records a container as stopped that somebody stopped by hand", async () => {
    await using monitored = await startMonitor();
    await run(monitored, "stopped");
    await podman.cli("kill", "--signal", "TERM", "stopped");
    const { exitCode } = await monitored.reaches("stopped", "stopped");
    assert.equal(exitCode, 143);
  });

  test("finds that container and monitor process were killed together, and keeps to it", async () => {
    await using monitored = await startMonitor();
    const { id, pid } = await run(monitored, "orphan");
    process.kill(await parentOf(pid), "SIGKILL");
    process.kill(pid, "SIGKILL");
    const { from } = await monitored.reaches("orphan", "exited");
    assert.equal(from, "process");
    for (let listing = 0; listing < 3; listing += 1) {
      const { containers } = await monitored.observer.observe({ from: "runtime" });
      assert.equal(containers.find((container) => container.id === id)?.state, "running", "podman is wrong");
      assert.equal(monitored.observed("orphan").state, "exited");
    }
    await using restarted = await startMonitor();
    restarted.registry.services.record("orphan", true);
    const record = monitored.registry.components.get("orphan", "orphan");
    assert.ok(record);
    restarted.registry.components.record({ ...record, position: 0 });
    restarted.monitor.observeNow();
    await restarted.reaches("orphan", "exited");
    assert.equal(restarted.registry.events.recent({ service: "orphan", sinceMs: 0, limit: 9 }).length, 1);
  });

  test("notices that a container was removed by hand", async () => {
    await using monitored = await startMonitor();
    await run(monitored, "removed");
    await podman.cli("rm", "--force", "--time", "0", "removed");
    await monitored.reaches("removed", "removed");
  });

  test("enters a foreign container as ignored, and drops it when it is gone", async () => {
    await using monitored = await startMonitor();
    await run(monitored, "own");
    await podman.cli(
      "run",
      "--detach",
      "--name",
      "shop-cart",
      "--network",
      "none",
      "localhost/web:v1",
      script,
    );
    await monitored.observer.observe({ from: "runtime" });
    const entry = monitored.registry.components.get("shop", "cart");
    assert.equal(entry?.desired, "ignore");
    assert.equal(entry.version, "v1");
    assert.equal(entry.observed.state, "running");
    await podman.cli("rm", "--force", "--time", "0", "shop-cart");
    await eventually(() => assert.equal(monitored.registry.components.get("shop", "cart"), undefined));
    assert.equal(monitored.registry.services.isActive("shop"), undefined);
    assert.equal(monitored.observed("own").state, "running");
  });

  test("raises a flap alert for a container that podman restarts for ever, by the operator's command", async () => {
    const write =
      'printf "%s " "$MCP_ALERT_TYPE" "$MCP_DESIRED" "$((MCP_TRANSITIONS > 3))" >>"$1"; echo >>"$1"';
    await using monitored = await startMonitor((directory) => [
      "/bin/sh",
      "-c",
      write,
      "alert",
      join(directory, "alerts"),
    ]);
    const { id } = await run(monitored, "flaps", "always");
    for (let crash = 0; crash < 4; crash += 1) {
      const pid = await eventually(async () => {
        const { pid } = (await runtime.inspect(id)) ?? { pid: 0 };
        assert.ok(pid > 0);
        return pid;
      });
      process.kill(pid, "SIGKILL");
      await eventually(async () => assert.notEqual((await runtime.inspect(id))?.pid, pid));
      await eventually(async () => assert.ok(((await runtime.inspect(id))?.pid ?? 0) > 0));
      monitored.monitor.observeNow();
      await monitored.reaches("flaps", "running");
    }
    await eventually(async () =>
      assert.match(await readFile(join(monitored.directory, "alerts"), "utf8"), /^flapping running 1 $/m),
    );
  });

  test("goes on watching when the directory with the exits is replaced", async () => {
    await using monitored = await startMonitor();
    const { pid } = await run(monitored, "replaced");
    const [exits] = await runtime.exitDirectories();
    assert.ok(exits);
    await rename(exits, `${exits}.old`);
    await mkdir(exits, { mode: 0o750 });
    await eventually(() => assert.equal(monitored.observed("replaced").from, "watch"));
    process.kill(pid, "SIGUSR1");
    const { exitCode } = await monitored.reaches("replaced", "exited");
    assert.equal(exitCode, 3);
  });
});
