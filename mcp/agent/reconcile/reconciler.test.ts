import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aDeploy, anOperation, aWeb } from "@metacircular/testkit/engine.ts";
import { refused, unavailable } from "@metacircular/testkit/memory-runtime.ts";
import { defaultHealth } from "@metacircular/mcp-core/spec.ts";
import { createReconcileWorld } from "../test/reconcile-world.ts";

const minuteMs = 60_000;
const half = () => 0.5;

/** A service `hello` with a component that runs, and is now gone. */
async function withRemoved(config: Parameters<typeof createReconcileWorld>[0]["config"] = {}) {
  const world = await createReconcileWorld({ random: half, config });
  await world.run(aDeploy([aWeb("v1")]));
  await world.runtime.remove("hello-web");
  await world.look();
  return world;
}

const shows = (world: { runtime: { shown(): string[] } }) => world.runtime.shown().join();

describe("the reconciler", () => {
  test("repairs after the first delay, and forgets it once it ran well", async () => {
    await using world = await withRemoved();
    await world.pass(500);
    assert.equal(shows(world), "");
    await world.pass(5_000);
    assert.equal(shows(world), "hello-web running localhost/web:v1");
    assert.equal(world.repairOf()?.state, "watching");
    await world.pass(10 * minuteMs);
    await world.look();
    assert.equal(world.repairOf(), undefined);
    assert.deepEqual(world.ownOperations(), ["repair"]);
  });

  test("does nothing where it is not asked to", async () => {
    await using world = await withRemoved({ enabled: false });
    await world.pass(minuteMs);
    assert.deepEqual(world.ownOperations(), []);
    world.registry.services.recordReconcile("hello", true);
    await world.look();
    await world.pass(5_000);
    assert.deepEqual(world.ownOperations(), ["repair"]);
  });

  test("leaves a service alone that an operator stopped while the repair waited", async () => {
    await using world = await withRemoved({ firstDelayMs: minuteMs });
    await world.run(anOperation("stop"));
    await world.pass(5 * minuteMs);
    await world.look();
    assert.equal(world.repairOf(), undefined);
    assert.deepEqual(world.ownOperations(), []);
  });

  test("waits while somebody else's operation holds the service, and then looks again", async () => {
    await using world = await withRemoved();
    const holder = { operationId: "other", kind: "deploy", caller: "alice", sinceMs: 0 } as const;
    const lock = world.agent().locks.acquire("hello", holder, 0);
    await world.pass(minuteMs);
    assert.deepEqual(world.ownOperations(), []);
    lock[Symbol.dispose]();
    await world.pass(5_000);
    assert.deepEqual(world.ownOperations(), ["repair"]);
  });

  test("starts what somebody paused", async () => {
    await using world = await createReconcileWorld({ random: half });
    await world.run(aDeploy([aWeb("v1")]));
    world.runtime.alter("hello-web", { state: "paused" });
    await world.look();
    await world.pass(10_000);
    assert.equal(shows(world), "hello-web running localhost/web:v1");
    assert.deepEqual(world.ownOperations(), ["repair"]);
  });

  test("counts no attempt while the runtime does not answer", async () => {
    await using world = await withRemoved();
    world.runtime.before("list", unavailable, { times: 5 });
    await world.pass(20_000);
    assert.equal(shows(world), "hello-web running localhost/web:v1");
    assert.equal(world.repairOf()?.attempts, 1);
  });

  test("gives up also where the runtime lists, but never answers to a start", async () => {
    await using world = await withRemoved({ giveUpAfter: 5 });
    world.runtime.before("start", unavailable, { times: Infinity });
    await world.pass(10 * minuteMs);
    assert.equal(world.ownOperations().length, 5);
    assert.equal(world.repairOf()?.state, "given-up");
  });

  test("remembers what it gave up although the agent is started again, and begins anew when an operator acts", async () => {
    await using world = await withRemoved({ giveUpAfter: 2 });
    world.runtime.before("create", refused, { times: 3 });
    await world.pass(minuteMs);
    assert.equal(world.repairOf()?.state, "given-up");
    assert.equal(world.announced.filter(({ type }) => type === "gave-up").length, 1);
    await world.restart("first");
    await world.look();
    await world.pass(10 * minuteMs);
    assert.deepEqual(world.ownOperations(), ["repair", "repair"]);
    assert.equal((await world.run(anOperation("start"))).outcome, "failed");
    await world.look();
    await world.pass(10_000);
    assert.equal(shows(world), "hello-web running localhost/web:v1");
    await world.pass(10 * minuteMs);
    await world.look();
    const ends = world.announced.flatMap((each) => (each.type === "recovered" ? [each.recovered] : []));
    assert.ok(ends.includes("gave-up"), "its end is told");
  });
});

describe("a reboot", () => {
  test("brings back all at once what should run, whatever was given up, and stops what should not", async () => {
    await using world = await createReconcileWorld({ random: half, config: { enabled: false } });
    const components = ["web", "api", "job", "off"].map((name) => aWeb("v1", { name }));
    await world.run(aDeploy(components));
    world.registry.components.setDesired("hello", "off", "stopped");
    await world.look();
    world.runtime.alter("hello-web", { state: "created", pid: 0 });
    world.runtime.alter("hello-api", { state: "exited", pid: 0, exitCode: 137 });
    const before = world.announced.length;
    await world.restart("second");
    await world.look();
    await world.pass(15_000);
    assert.deepEqual(world.runtime.shown(), [
      "hello-api running localhost/web:v1",
      "hello-job running localhost/web:v1",
      "hello-off exited localhost/web:v1",
      "hello-web running localhost/web:v1",
    ]);
    assert.deepEqual(world.ownOperations(), ["repair"]);
    assert.deepEqual(
      world.announced.slice(before).filter(({ type }) => type !== "recovered"),
      [],
      "what comes back is no news",
    );
    assert.equal(world.registry.nodeFacts.get("boot-id"), "second");
  });

  test("takes as long for many components of a service as for one, and tells them apart", async () => {
    await using world = await createReconcileWorld({ random: half, config: { enabled: false } });
    const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    await world.run(aDeploy(names.map((name) => aWeb("v1", { name, health: defaultHealth }))));
    await world.look();
    for (const name of names) await world.runtime.remove(`hello-${name}`);
    world.runtime.before("create", refused);
    await world.restart("second");
    await world.look();
    await world.pass(defaultHealth.settleMs + 2_000);
    assert.equal(world.runtime.shown().length, names.length - 1);
    assert.deepEqual(world.registry.operations.unfinished(), []);
    const states = names.map((name) => world.registry.repairs.get("hello", name)?.state);
    assert.deepEqual(
      states.filter((state) => state !== "watching"),
      ["waiting"],
    );
    await world.pass(10_000);
    assert.equal(world.runtime.shown().length, names.length);
  });

  test("is told of for what does not come back, which is tried again", async () => {
    await using world = await createReconcileWorld({ random: half, config: { enabled: false } });
    await world.run(aDeploy([aWeb("v1")]));
    await world.look();
    await world.runtime.remove("hello-web");
    world.runtime.before("create", refused);
    await world.restart("second");
    await world.look();
    for (let seconds = 0; world.repairOf()?.attempts === 0 && seconds < 60; seconds += 1)
      await world.pass(1_000);
    await world.look();
    assert.ok(world.announced.some(({ type }) => type === "drift"));
    await world.pass(10_000);
    assert.equal(shows(world), "hello-web running localhost/web:v1");
  });

  test("is made up for although somebody works on another component meanwhile", async () => {
    await using world = await createReconcileWorld({ random: half, config: { enabled: false } });
    await world.run(aDeploy([aWeb("v1"), aWeb("v1", { name: "api" })]));
    await world.look();
    await world.runtime.remove("hello-web");
    world.runtime.before("create", refused);
    await world.restart("second");
    await world.look();
    for (let seconds = 0; world.repairOf()?.attempts === 0 && seconds < 60; seconds += 1)
      await world.pass(100);
    assert.equal(world.repairOf()?.attempts, 1);
    await world.run({ kind: "restart", service: "hello", component: "api" });
    await world.look();
    await world.pass(10_000);
    assert.equal(
      shows(world),
      "hello-api running localhost/web:v1,hello-web running localhost/web:v1",
      "it is started though drift is not repaired",
    );
  });

  test("is none while the boot is the same, or not known", async () => {
    await using world = await createReconcileWorld({ random: half, config: { enabled: false } });
    await world.run(aDeploy([aWeb("v1")]));
    await world.runtime.remove("hello-web");
    for (const bootId of ["first", ""]) {
      await world.restart(bootId);
      await world.look();
      await world.pass(minuteMs);
    }
    assert.deepEqual(world.ownOperations(), []);
  });
});
