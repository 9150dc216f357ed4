import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { aContainer } from "@metacircular/testkit/container-request.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestPodman, type TestPodman } from "@metacircular/testkit/podman.ts";
import { findService } from "../runtime/podman-process.ts";
import { openPodman } from "../runtime/podman.ts";
import type { Runtime } from "../runtime/runtime.ts";

let podman: TestPodman;
before(async () => {
  podman = await createTestPodman();
});
after(() => podman[Symbol.asyncDispose]());

const logger = createLogger({ name: "podman", level: "error" });

function open(name: string, changes: Partial<Parameters<typeof openPodman>[0]> = {}): Promise<Runtime> {
  const stateDirectory = join(podman.directory, name);
  return openPodman({
    stateDirectory,
    environment: podman.environment,
    logger,
    clock: systemClock,
    ...changes,
  });
}

async function serviceOf(name: string): Promise<number> {
  const pids = await findService(join(podman.directory, name, "podman.sock"));
  assert.equal(pids.length, 1);
  return pids[0] ?? 0;
}

async function running(runtime: Runtime, name: string): Promise<string> {
  const id = await runtime.create(aContainer({ name }));
  await runtime.start(id);
  return id;
}

describe("podman's service", () => {
  test("is started where none answers, and ends with the driver while containers go on", async () => {
    const runtime = await open("own");
    const pid = await serviceOf("own");
    await running(runtime, "survivor");
    await runtime[Symbol.asyncDispose]();
    assert.deepEqual(await findService(join(podman.directory, "own", "podman.sock")), []);
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
    assert.equal(existsSync(join(podman.directory, "own", "podman.sock")), false);
    assert.equal(
      (await podman.cli("inspect", "survivor", "--format", "{{.State.Status}}")).trim(),
      "running",
    );
  });

  test("that is killed is started again, and calls meanwhile wait for it", async () => {
    await using runtime = await open("killed");
    const pid = await serviceOf("killed");
    process.kill(pid, "SIGKILL");
    await eventually(() => assert.throws(() => process.kill(pid, 0), { code: "ESRCH" }));
    const answers = await Promise.all([runtime.list(), runtime.version(), running(runtime, "meanwhile")]);
    assert.equal(answers.length, 3);
    assert.notEqual(await serviceOf("killed"), pid);
  });

  test("that nobody calls is started again too", async () => {
    await using runtime = await open("idle");
    const pid = await serviceOf("idle");
    process.kill(pid, "SIGKILL");
    await eventually(async () => assert.notEqual(await serviceOf("idle"), pid));
    assert.match(await runtime.version(), /^\d+\./);
  });

  test("outlives an agent that is killed in the middle of a call, which ends; the next agent takes it over and ends it", async () => {
    const agent = startAgent("adopted");
    await once(agent.stdout ?? agent, "data");
    const pid = await serviceOf("adopted");
    agent.kill("SIGKILL");
    await once(agent, "exit");
    const next = await open("adopted");
    assert.equal(await serviceOf("adopted"), pid);
    await eventually(async () => assert.equal((await next.inspect("half-way"))?.state, "running"));
    await next[Symbol.asyncDispose]();
    assert.deepEqual(await findService(join(podman.directory, "adopted", "podman.sock")), []);
  });

  test("is not ended while a call is under way", async () => {
    const runtime = await open("busy");
    const id = await running(runtime, "ending");
    const removal = runtime.remove(id);
    const closed = runtime[Symbol.asyncDispose]();
    await Promise.all([removal, closed]);
    await assert.rejects(podman.cli("inspect", "ending"), /no such/);
    await assert.rejects(runtime.list(), { code: "RUNTIME_UNAVAILABLE" });
  });

  test("at a configured socket is used and left alone", async () => {
    await using owner = await open("configured");
    const pid = await serviceOf("configured");
    const socket = join(podman.directory, "configured", "podman.sock");
    const guest = await open("unused", { socket });
    assert.deepEqual((await guest.list()).length, (await owner.list()).length);
    await guest[Symbol.asyncDispose]();
    assert.equal(await serviceOf("configured"), pid);
    assert.equal(existsSync(join(podman.directory, "unused")), false);
  });

  test("at a configured socket that does not answer is an error", async () => {
    await assert.rejects(open("none", { socket: join(podman.directory, "nobody.sock") }), {
      code: "RUNTIME_UNAVAILABLE",
      category: "unavailable",
    });
  });

  test("at a configured socket may be late", async () => {
    const socket = join(podman.directory, "late", "podman.sock");
    const guest = open("unused", { socket, patienceMs: 30_000 });
    await using owner = await open("late");
    await using late = await guest;
    assert.equal((await late.list()).length, (await owner.list()).length);
  });

  test("that cannot be started says what podman said", async () => {
    const environment = { ...podman.environment, CONTAINERS_STORAGE_CONF: "/nowhere/storage.conf" };
    await assert.rejects(open("broken", { environment }), (error: Error & { output?: readonly string[] }) => {
      assert.match(error.message, /cannot start podman's service .*: it ended at once/);
      assert.match(error.output?.join("\n") ?? "", /nowhere/);
      return true;
    });
    await assert.rejects(open("absent", { environment: { PATH: "/nowhere" } }), {
      code: "RUNTIME_UNAVAILABLE",
    });
  });

  test("refuses a state directory too deep for a socket", async () => {
    await assert.rejects(open("deep".repeat(30)), /longer than 107 bytes/);
  });
});

/** A driver in a process of its own, which prints a line as it sends the start of a container. */
function startAgent(name: string): ChildProcess {
  const runtimeUrl = new URL("../runtime/podman.ts", import.meta.url).href;
  const stateDirectory = join(podman.directory, name);
  const program = `
    import { openPodman } from ${JSON.stringify(runtimeUrl)};
    const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
    const clock = { now: Date.now, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };
    const runtime = await openPodman({
      stateDirectory: ${JSON.stringify(stateDirectory)}, environment: process.env, logger: quiet, clock,
    });
    const id = await runtime.create(${JSON.stringify(aContainer({ name: "half-way" }))});
    const started = runtime.start(id);
    setTimeout(() => process.stdout.write("starting\\n"), 20);
    await started;
    setInterval(() => {}, 1000);
  `;
  return spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env: podman.environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
}
