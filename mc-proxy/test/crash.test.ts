import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { ask } from "../haproxy/test/ask.ts";
import { echoServer } from "../haproxy/test/backends.ts";
import { startLoad } from "./load.ts";
import { aRouteOf, startRunningProxy, statusWhere } from "./running-proxy.ts";

describe("a proxy that is killed", () => {
  test("costs no request while it is dead nor when it comes back to the HAProxy it left", async () => {
    await using proxy = await startRunningProxy();
    await using backend = await echoServer("one");
    await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
    const pid = await proxy.haproxyPid();
    await using load = startLoad({ port: proxy.port, name: "one.test", ca: proxy.certificate.certificate });
    await load.more(50);

    await proxy.kill();
    await load.more(200);
    assert.equal(
      (await ask({ port: proxy.port, name: "one.test", ca: proxy.certificate.certificate })).status,
      200,
    );

    await proxy.start();
    assert.equal(await proxy.haproxyPid(), pid);
    await using second = await echoServer("two");
    await proxy.client.addRoute(aRouteOf(proxy, "two.test", second.port));
    const answer = await ask({ port: proxy.port, name: "two.test", ca: proxy.certificate.certificate });
    assert.equal(answer.echo().name, "two");
    await load.more(50);
    assert.deepEqual(load.failures, []);
    assert.deepEqual((await proxy.client.status()).problems, []);
  });

  test("costs no request either when it is stopped and started while HAProxy is to run on", async () => {
    await using proxy = await startRunningProxy({ config: { haproxy: "keep_running = true" } });
    await using backend = await echoServer("one");
    await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
    const pid = await proxy.haproxyPid();
    await using load = startLoad({ port: proxy.port, name: "one.test", ca: proxy.certificate.certificate });
    await load.more(20);
    await proxy.program[Symbol.asyncDispose]();
    await load.more(50);
    await proxy.start();
    await load.more(20);
    assert.equal(await proxy.haproxyPid(), pid);
    assert.deepEqual(load.failures, []);
  });

  test("is restarted with all routes also when HAProxy was killed with it", async () => {
    await using proxy = await startRunningProxy();
    await using backend = await echoServer("one");
    const question = { port: proxy.port, name: "one.test", ca: proxy.certificate.certificate };
    await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
    const pid = await proxy.haproxyPid();
    await proxy.kill();
    process.kill(pid, "SIGKILL");
    await eventually(() => assert.rejects(ask(question)));
    await proxy.start();
    assert.equal((await ask(question)).status, 200);
    assert.notEqual(await proxy.haproxyPid(), pid);
  });

  test("has every route that was answered for, at whatever moment it was killed", async () => {
    await using proxy = await startRunningProxy();
    await using backend = await echoServer("one");
    /** What was answered for last; undefined: its change was not answered. */
    const known = new Map<string, boolean | undefined>();
    for (let round = 0; round < 8; round += 1) {
      const changes = changeRoutes(proxy, backend.port, known, round);
      // 200 changes in all, and a kill at another place of each of the rounds.
      await changes.reached(3 + round * 3);
      await proxy.kill();
      await changes.ended;
      await proxy.start();
      const listed = new Set((await proxy.client.listRoutes()).map(({ route }) => route?.hostname ?? ""));
      for (const [hostname, isThere] of known) {
        if (isThere !== undefined)
          assert.equal(listed.has(hostname), isThere, `${hostname} in round ${round}`);
        known.set(hostname, listed.has(hostname));
      }
    }
    const ca = proxy.certificate.certificate;
    for (const [name, isThere] of known) {
      const asked = ask({ port: proxy.port, name, ca });
      if (isThere === true) assert.equal((await asked).status, 200, name);
      else await assert.rejects(asked, name);
    }
    assert.deepEqual((await proxy.client.status()).problems, []);
  });
});

/** Adds and removes routes until a call fails, at most 25 of them. */
function changeRoutes(
  proxy: Awaited<ReturnType<typeof startRunningProxy>>,
  backendPort: number,
  known: Map<string, boolean | undefined>,
  round: number,
): { reached(count: number): Promise<void>; ended: Promise<void> } {
  let answered = 0;
  async function change(): Promise<void> {
    for (let index = 0; index < 25; index += 1) {
      const hostname = `n${(index * 7 + round) % 12}.test.example`;
      const isThere = known.get(hostname) === true;
      known.set(hostname, undefined);
      if (isThere) await proxy.client.removeRoute({ port: proxy.port, hostname });
      else await proxy.client.addRoute(aRouteOf(proxy, hostname, backendPort));
      known.set(hostname, !isThere);
      answered += 1;
    }
  }
  const ended = change().catch(() => undefined);
  return {
    ended,
    reached: (count) => eventually(() => assert.ok(answered >= Math.min(count, 25))),
  };
}

describe("an HAProxy that is killed", () => {
  test("is back with all routes by itself, and the status tells", async () => {
    await using proxy = await startRunningProxy();
    await using backend = await echoServer("one");
    const question = { port: proxy.port, name: "one.test", ca: proxy.certificate.certificate };
    await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
    const pid = await proxy.haproxyPid();
    await proxy.killHaproxy();
    await eventually(async () => assert.equal((await ask(question)).status, 200));
    await statusWhere(proxy, ({ dataPlane, problems }) => {
      assert.equal(dataPlane?.restarts, 1);
      assert.notEqual(dataPlane.pid, pid);
      assert.deepEqual(problems, []);
    });
  });
});

test("a route that is added while HAProxy is dead is in effect when it is answered for, or refused", async () => {
  await using proxy = await startRunningProxy();
  await using backend = await echoServer("one");
  const ca = proxy.certificate.certificate;
  for (const [index, pause] of [0, 5, 50].entries()) {
    const hostname = `k${index}.test.example`;
    await proxy.killHaproxy();
    await systemClock.sleep(pause);
    try {
      await proxy.client.addRoute(aRouteOf(proxy, hostname, backend.port));
    } catch (error) {
      assert.equal((error as { code: string }).code, "CHANGE_NOT_APPLIED");
      assert.ok(!(await proxy.client.listRoutes()).some(({ route }) => route?.hostname === hostname));
      continue;
    }
    assert.equal((await ask({ port: proxy.port, name: hostname, ca })).status, 200);
  }
  await statusWhere(proxy, ({ dataPlane, problems }) => {
    assert.equal(dataPlane?.running, true);
    assert.deepEqual(problems, []);
  });
});

test("what somebody changes in HAProxy behind the proxy's back is repaired, and counted", async () => {
  await using proxy = await startRunningProxy();
  await using backend = await echoServer("one");
  const question = { port: proxy.port, name: "one.test", ca: proxy.certificate.certificate };
  await proxy.client.addRoute(aRouteOf(proxy, "one.test", backend.port));
  const maps = await proxy.tellHaproxy("show map");
  const routes = /^\d+ \((\S+\/routes\.map)\)/mu.exec(maps)?.[1];
  assert.ok(routes !== undefined, maps);
  await proxy.tellHaproxy(`clear map ${routes}`);
  await eventually(async () => assert.equal((await ask(question)).status, 200));
  await eventually(() => {
    const line = proxy.program.log.find((each) => each.includes("differed from what is stored"));
    assert.match(line ?? "", /"count":[1-9]/u);
  });
});
