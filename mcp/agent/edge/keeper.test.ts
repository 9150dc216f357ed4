import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { createEdgeMemory, type EdgeMemory, nodeAddress, zone } from "@metacircular/testkit/edge-memory.ts";
import { aDeploy, anOperation, aWeb, createEngine, type Engine } from "@metacircular/testkit/engine.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createServiceLocks } from "../deploy/locks.ts";
import { createEdgeKeeper } from "./keeper.ts";

interface World extends AsyncDisposable {
  readonly engine: Engine;
  readonly memory: EdgeMemory;
  /** Types of the alerts that were raised and not recovered, by service and component. */
  readonly alerts: Map<string, Set<string>>;
}

/** An engine whose edge is kept, on a clock on which no sleep takes any time. */
async function aKeptWorld(prepare: (engine: Engine, memory: EdgeMemory) => Promise<unknown>): Promise<World> {
  await using stack = new AsyncDisposableStack();
  let memory: EdgeMemory | undefined;
  const engine = stack.use(
    await createEngine({
      edge: (now) => {
        memory = createEdgeMemory(now);
        return memory.edge;
      },
    }),
  );
  assert.ok(memory !== undefined);
  await prepare(engine, memory);
  const alerts = new Map<string, Set<string>>();
  const keeper = stack.use(
    createEdgeKeeper({
      edge: memory.edge,
      registry: engine.registry,
      deployer: engine.deployer(),
      runtime: engine.runtime,
      locks: createServiceLocks(),
      alerts: {
        raise({ service, component, type }) {
          const key = `${service}/${component}`;
          alerts.set(key, (alerts.get(key) ?? new Set()).add(type));
        },
        recover(service, component, types) {
          for (const type of types) alerts.get(`${service}/${component}`)?.delete(type);
        },
      },
      bus: engine.bus,
      clock: engine.clock,
      logger: createLogger({ name: "keeper", level: "error", destination: { write: () => undefined } }),
      newId: randomUUID,
      intervalMs: 60_000,
    }),
  );
  keeper.start();
  const owned = stack.move();
  return { engine, memory, alerts, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const dayMs = 86_400_000;
const hostname = `hello.${zone}`;
const alertsOf = ({ alerts }: World) => [...(alerts.get("hello/web") ?? [])];
const pendingOf = ({ engine }: World) =>
  engine.registry.edge.all().filter(({ pending }) => pending !== undefined);

describe("the keeper of the edge", () => {
  test("raises an alert for what stays pending, and does it when the service is back", async () => {
    await using world = await aKeptWorld((engine, memory) => {
      memory.down.add("names");
      return engine.run(aDeploy([aWeb("v1")]));
    });
    await eventually(() => assert.deepEqual(alertsOf(world), ["edge"]));
    world.memory.down.clear();
    await eventually(() => assert.deepEqual([pendingOf(world), alertsOf(world)], [[], []]));
    assert.deepEqual(world.memory.records.get("hello A"), [nodeAddress]);
  });

  test("puts back what somebody took away or changed", async () => {
    await using world = await aKeptWorld((engine) => engine.run(aDeploy([aWeb("v1")])));
    const { memory } = world;
    const before = memory.shown();
    memory.routes.clear();
    memory.records.set("hello A", ["192.0.2.99"]);
    memory.certificates.clear();
    await eventually(() => assert.deepEqual(memory.shown(), before));
    await eventually(() => assert.deepEqual(pendingOf(world), []));
  });

  test("renews a certificate in its last third, and says when that keeps failing", async () => {
    await using world = await aKeptWorld((engine) => engine.run(aDeploy([aWeb("v1")])));
    const { memory, engine } = world;
    memory.down.add("authority");
    const nowMs = engine.clock.now();
    memory.certificates.set(hostname, { notBeforeMs: nowMs - 80 * dayMs, notAfterMs: nowMs + 10 * dayMs });
    await eventually(() => assert.deepEqual(alertsOf(world), ["certificate"]));
    memory.down.clear();
    await eventually(() => assert.deepEqual([pendingOf(world), alertsOf(world)], [[], []]));
    assert.ok((memory.certificates.get(hostname)?.notAfterMs ?? 0) > nowMs + 80 * dayMs);
  });

  test("puts a route back within minutes while the authority refuses a renewal", async () => {
    await using world = await aKeptWorld((engine) => engine.run(aDeploy([aWeb("v1")])));
    const { memory, engine } = world;
    const before = memory.shown();
    memory.refused.add(hostname);
    const nowMs = engine.clock.now();
    memory.certificates.set(hostname, { notBeforeMs: nowMs - 80 * dayMs, notAfterMs: nowMs + 10 * dayMs });
    await eventually(() => assert.ok((pendingOf(world)[0]?.pending?.attempts ?? 0) > 8));
    // The clock runs on while a test looks, so the route itself tells when it came back.
    const back = Promise.withResolvers<number>();
    const { routes } = memory;
    const set = routes.set.bind(routes);
    routes.set = (...route) => {
      back.resolve(engine.clock.now());
      return set(...route);
    };
    routes.clear();
    const goneAtMs = engine.clock.now();
    const goneForMs = (await back.promise) - goneAtMs;
    assert.ok(goneForMs < 10 * 60_000, `${goneForMs} ms`);
    await eventually(() => assert.deepEqual(memory.shown(), before));
  });

  for (const part of ["proxy", "names", "authority"] as const) {
    test(`does not fill journal and log in a day without ${part}`, async () => {
      await using world = await aKeptWorld((engine, memory) => {
        memory.down.add(part);
        return engine.run(aDeploy([aWeb("v1")]));
      });
      const { engine } = world;
      const beganAtMs = engine.clock.now();
      await eventually(() => assert.ok(engine.clock.now() > beganAtMs + dayMs));
      assert.equal(pendingOf(world).length, 1);
      const operations = engine.registry.operations.list({ service: "", limit: 1_000, inProgress: false });
      assert.ok(operations.length <= 120, `${operations.length} operations`);
    });
  }

  test("takes away what an undeploy had to leave", async () => {
    await using world = await aKeptWorld(async (engine, memory) => {
      await engine.run(aDeploy([aWeb("v1")]));
      memory.down.add("proxy").add("names");
      await engine.run(anOperation("undeploy"));
      assert.equal(memory.shown().length, 2);
      memory.down.clear();
    });
    await eventually(() =>
      assert.deepEqual([world.memory.shown(), world.engine.registry.edge.all()], [[], []]),
    );
  });

  test("does nothing where all is as it should be", async () => {
    await using world = await aKeptWorld((engine) => engine.run(aDeploy([aWeb("v1")])));
    const { engine, memory } = world;
    const calls = memory.calls.length;
    const beganAtMs = engine.clock.now();
    await eventually(() => assert.ok(engine.clock.now() > beganAtMs + 3_600_000));
    assert.equal(memory.calls.length, calls);
    assert.equal(engine.registry.operations.list({ service: "", limit: 10, inProgress: false }).length, 1);
  });
});
