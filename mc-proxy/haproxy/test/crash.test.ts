import assert from "node:assert/strict";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { startProgram } from "@metacircular/testkit/program.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { EngineStats } from "../../engine/engine.ts";
import { openHaproxyEngine } from "../haproxy-engine.ts";
import { identityOf } from "../processes/identity.ts";
import { ask } from "./ask.ts";
import { echoServer, listening } from "./backends.ts";
import { aRoute, aState, createDataPlane, type TestDataPlane } from "./data-plane.ts";
import { startLoad } from "./load.ts";
import { managerProgram } from "./manager.ts";

suite("when processes die", () => {
  test("HAProxy killed under load is back by itself, with all routes and certificates", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    const ca = certificate.certificate;
    await using backend = await echoServer("backend");
    await engine.apply(aState(plane));
    // What came at run time only has to come back too.
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] }));
    await using load = startLoad({ port, name: "one.test", ca });
    for (const round of [1, 2, 3]) {
      const before = await engine.stats();
      process.kill(pidOf(before), "SIGKILL");
      await eventually(async () => {
        const after = await engine.stats();
        assert.deepEqual([after.running, after.restarts], [true, round]);
        assert.equal((await ask({ port, name: "one.test", ca })).status, 200);
      });
      assert.deepEqual(await engine.check(), { repaired: [], count: 0 });
    }
    const enough = load.succeeded + 50;
    await eventually(() => assert.ok(load.succeeded > enough));
    const failed = load.failures.length;
    const more = load.succeeded + 50;
    await eventually(() => assert.ok(load.succeeded > more));
    assert.equal(load.failures.length, failed, "once it is back nothing fails");
  });

  test("a route that is added while HAProxy is down is served when it is back", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    await engine.apply(aState(plane));
    process.kill(pidOf(await engine.stats()), "SIGKILL");
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] }));
    assert.equal((await ask({ port, name: "one.test", ca: certificate.certificate })).status, 200);
  });

  test("HAProxy that hangs is replaced", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    await engine.apply(aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] }));
    const hung = pidOf(await engine.stats());
    process.kill(hung, "SIGSTOP");
    assert.deepEqual(await engine.check(), { repaired: ["HAProxy did not serve"], count: 1 });
    assert.equal(await identityOf(hung), undefined);
    assert.equal((await ask({ port, name: "one.test", ca: certificate.certificate })).status, 200);
  });

  test("HAProxy serves on while nobody manages it, and the next who does takes it over as it is", async () => {
    await using directory = await createTemporaryDirectory();
    await using backend = await echoServer("backend");
    await using plane = await createDataPlane();
    const { port, certificate, logger } = plane;
    const ca = certificate.certificate;
    const open = () => openHaproxyEngine({ directory: directory.path, clock: systemClock, logger });
    const routes = [aRoute(plane, "one.test", backend.port)];
    const first = await open();
    await first.apply(aState(plane, { routes }));
    const { pid } = await first.stats();
    await using load = startLoad({ port, name: "one.test", ca });
    await first.release();
    const enough = load.succeeded + 20;
    await eventually(() => assert.ok(load.succeeded > enough));

    await using second = await open();
    assert.equal((await second.stats()).pid, pid);
    const moreRoutes = [...routes, aRoute(plane, "two.test", backend.port)];
    assert.deepEqual(await second.apply(aState(plane, { routes: moreRoutes })), {
      ...{ reloaded: false, changes: 1, problems: [] },
    });
    assert.equal((await ask({ port, name: "two.test", ca })).status, 200);
    await load.stop();
    assert.deepEqual(load.failures, []);

    process.kill(pidOf(await second.stats()), "SIGKILL");
    await eventually(async () => assert.equal((await ask({ port, name: "two.test", ca })).status, 200));
    assert.equal((await second.stats()).restarts, 1, "it is watched though somebody else has started it");
  });

  test("the process that manages HAProxy is killed: not one request fails", async () => {
    await using directory = await createTemporaryDirectory();
    await using backend = await echoServer("backend");
    await using plane = await createDataPlane();
    const { port, certificate } = plane;
    const state = aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] });
    const stateFile = join(directory.path, "state.json");
    await writeFile(stateFile, JSON.stringify(state));
    const engineDirectory = join(directory.path, "engine");
    const manager = () =>
      startProgram(managerProgram, [engineDirectory, stateFile], {
        PATH: process.env["PATH"] ?? "",
      });
    await using first = manager();
    await first.line((line) => line.includes("applied"));
    await using load = startLoad({ port, name: "one.test", ca: certificate.certificate });
    await first.kill();
    const enough = load.succeeded + 20;
    await eventually(() => assert.ok(load.succeeded > enough));
    await using second = manager();
    assert.match(await second.line((line) => line.includes("applied")), /"reloaded":false/);
    await load.stop();
    assert.deepEqual(load.failures, []);
    await endOrphans(engineDirectory, plane);
  });

  test("HAProxy ends with the engine, and leaves no socket that answers", async () => {
    await using directory = await createTemporaryDirectory();
    await using plane = await createDataPlane();
    const { logger } = plane;
    const engine = await openHaproxyEngine({ directory: directory.path, clock: systemClock, logger });
    await engine.apply(aState(plane));
    const pid = pidOf(await engine.stats());
    await engine[Symbol.asyncDispose]();
    assert.equal(await identityOf(pid), undefined);
  });

  test("an address that is taken is named, and what runs goes on", async () => {
    await using plane = await createDataPlane();
    const { port, certificate, engine } = plane;
    await using backend = await echoServer("backend");
    await using other = await listening(createServer());
    const routes = [aRoute(plane, "one.test", backend.port)];
    await engine.apply(aState(plane, { routes }));
    const listeners = [port, other.port].map((each) => ({ port: each, address: "127.0.0.1" }));
    await assert.rejects(engine.apply(aState(plane, { routes, listeners })), (error: Error) => {
      assert.match(error.message, new RegExp(`cannot bind socket.*127\\.0\\.0\\.1:${other.port}`, "s"));
      return "code" in error && error.code === "HAPROXY_START_FAILED";
    });
    assert.equal((await ask({ port, name: "one.test", ca: certificate.certificate })).status, 200);
    process.kill(pidOf(await engine.stats()), "SIGKILL");
    await eventually(async () =>
      assert.equal((await ask({ port, name: "one.test", ca: certificate.certificate })).status, 200),
    );
    await other[Symbol.asyncDispose]();
    assert.deepEqual(await engine.apply(aState(plane, { routes, listeners })), {
      ...{ reloaded: true, changes: 0, problems: [] },
    });
  });

  test("without HAProxy, or with one that is too old, it is said what to install", async () => {
    await using directory = await createTemporaryDirectory();
    await using plane = await createDataPlane();
    const old = join(directory.path, "haproxy");
    await writeFile(old, "#!/bin/sh\necho 'HA-Proxy version 2.2.9-2+deb11u6 2023/12/22'\n");
    await chmod(old, 0o700);
    const open = (program: string) =>
      openHaproxyEngine({
        directory: join(directory.path, "engine"),
        program,
        clock: systemClock,
        logger: plane.logger,
      });
    await assert.rejects(open("haproxy-that-is-not-there"), {
      ...{ code: "HAPROXY_MISSING", remedy: /apt-get install haproxy/ },
    });
    await assert.rejects(open(old), { code: "HAPROXY_TOO_OLD" });
  });

  test("a directory that sockets or the configuration cannot be in is refused", async () => {
    await using directory = await createTemporaryDirectory();
    await using plane = await createDataPlane();
    for (const name of [join("x".repeat(200), "x".repeat(200)), "a b"]) {
      const path = join(directory.path, name);
      await mkdir(path, { recursive: true });
      await assert.rejects(openHaproxyEngine({ directory: path, clock: systemClock, logger: plane.logger }), {
        code: "PROXY_DIRECTORY_UNUSABLE",
      });
      assert.deepEqual(await readdir(path), []);
    }
  });

  test("an HAProxy that was upgraded meanwhile replaces the one that serves, and no request fails", async () => {
    await using directory = await createTemporaryDirectory();
    await using backend = await echoServer("backend");
    await using plane = await createDataPlane();
    const { port, certificate, logger } = plane;
    const upgraded = join(directory.path, "haproxy");
    await writeFile(
      upgraded,
      '#!/bin/sh\n[ "$1" = -v ] && exec echo "HAProxy version 9.9.9"\nexec haproxy "$@"\n',
    );
    await chmod(upgraded, 0o700);
    const open = (program: string) =>
      openHaproxyEngine({ directory: join(directory.path, "engine"), program, clock: systemClock, logger });
    const state = aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] });
    const first = await open("haproxy");
    await first.apply(state);
    const before = await first.stats();
    await first.release();
    await using load = startLoad({ port, name: "one.test", ca: certificate.certificate });
    await using second = await open(upgraded);
    assert.equal((await second.stats()).engine, before.engine, "it says what runs, not what is installed");
    assert.equal((await second.apply(state)).reloaded, true);
    assert.notEqual((await second.stats()).pid, before.pid);
    assert.equal((await second.apply(state)).reloaded, false);
    await load.stop();
    assert.deepEqual(load.failures, []);
  });

  test("HAProxy that hangs when nobody manages it is replaced by the next who does", async () => {
    await using directory = await createTemporaryDirectory();
    await using backend = await echoServer("backend");
    await using plane = await createDataPlane();
    const { port, certificate, logger } = plane;
    const open = () => openHaproxyEngine({ directory: directory.path, clock: systemClock, logger });
    const state = aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] });
    const first = await open();
    await first.apply(state);
    const hanging = pidOf(await first.stats());
    process.kill(hanging, "SIGSTOP");
    await first.release();
    await using second = await open();
    await second.apply(state);
    assert.notEqual((await second.stats()).pid, hanging);
    assert.equal((await ask({ port, name: "one.test", ca: certificate.certificate })).status, 200);
  });

  test("a directory may have a longer path than sockets can", async () => {
    await using directory = await createTemporaryDirectory();
    await using backend = await echoServer("backend");
    await using plane = await createDataPlane();
    const { port, certificate, logger } = plane;
    const path = join(directory.path, "x".repeat(120));
    const open = () => openHaproxyEngine({ directory: path, clock: systemClock, logger });
    const state = aState(plane, { routes: [aRoute(plane, "one.test", backend.port)] });
    const status = async () => (await ask({ port, name: "one.test", ca: certificate.certificate })).status;
    const first = await open();
    await first.apply(state);
    assert.equal(await status(), 200);
    await first.release();
    await using second = await open();
    assert.equal((await second.apply(state)).reloaded, false);
    const listeners = [...state.listeners, { port: await freePort(), address: "127.0.0.1" }];
    assert.equal((await second.apply({ ...state, listeners })).reloaded, true);
    assert.equal(await status(), 200);
  });

  test("a route that is there at the start needs no free port more than the public one", async () => {
    await using plane = await createDataPlane();
    const listeners = [
      { port: plane.port, address: "127.0.0.1" },
      { port: plane.port, address: "127.0.0.2" },
      { port: plane.port, address: "::1" },
      { port: await freePort(), address: "127.0.0.1" },
    ];
    const applied = await plane.engine.apply(aState(plane, { listeners }));
    assert.deepEqual(applied, { reloaded: true, changes: 0, problems: [] });
  });
});

function pidOf({ pid }: EngineStats): number {
  assert.ok(pid !== undefined);
  return pid;
}

/** Ends the HAProxy that a killed manager has left. */
async function endOrphans(directory: string, { logger }: TestDataPlane): Promise<void> {
  await using _engine = await openHaproxyEngine({ directory, clock: systemClock, logger });
}
