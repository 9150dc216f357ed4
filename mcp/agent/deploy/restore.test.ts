import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aDeploy, anOperation, aWeb, createEngine, type Engine } from "@metacircular/testkit/engine.ts";
import { deadPid, refused, unavailable } from "@metacircular/testkit/memory-runtime.ts";
import { aRoute } from "@metacircular/testkit/specs.ts";
import { hostPortsOf } from "./observed-containers.ts";

const v1Runs = ["hello-web running localhost/web:v1"];
const idOf = (engine: Engine) => engine.runtime.container("hello-web").id;
const portOf = ({ registry }: Engine) => registry.components.get("hello", "web")?.hostPorts[""];

/** The registry tells the ports that the container has. */
function assertAgreement({ registry, runtime }: Engine): void {
  const recorded = registry.components.get("hello", "web");
  assert.deepEqual(recorded?.hostPorts, hostPortsOf(runtime.container("hello-web")));
  assert.equal(recorded.spec.image, runtime.container("hello-web").image);
  assert.equal(recorded.desired, "running");
}

for (const update of ["start-first", "stop-first"] as const) {
  const deployed = async (): Promise<Engine> => {
    const engine = await createEngine();
    await engine.run(aDeploy([aWeb("v1", { update })]));
    return engine;
  };
  /** Where the previous version is while the new one starts. */
  const oldName = update === "start-first" ? "hello-web" : "hello-web.previous";
  const failing = aDeploy([aWeb("exits", { update })]);

  describe(`a new version that ends at once, ${update}`, () => {
    test("should be followed by the very container that ran before", async () => {
      await using engine = await deployed();
      const id = idOf(engine);
      assert.equal((await engine.run(failing)).outcome, "restored");
      assert.deepEqual(engine.runtime.shown(), v1Runs);
      assert.equal(idOf(engine), id);
    });

    const calls = [
      "list",
      "remove",
      ...(update === "stop-first" ? (["rename", "start"] as const) : []),
    ] as const;
    for (const call of calls) {
      test(`should be so when the runtime does not answer from a ${call} on for a while`, async () => {
        await using engine = await deployed();
        const id = idOf(engine);
        engine.atStep({ kind: "await-healthy", moment: "before" }, () =>
          engine.runtime.before(call, unavailable, { times: 5 }),
        );
        const { outcome, results } = await engine.run(failing);
        assert.equal(outcome, "restored", results[0]?.failure?.found ?? "no failure");
        assert.deepEqual(engine.runtime.shown(), v1Runs);
        assert.equal(idOf(engine), id);
        assertAgreement(engine);
      });
    }

    for (const [fate, strike] of [
      ["gone", (engine: Engine) => engine.runtime.remove(oldName)],
      ["lost", (engine: Engine) => engine.runtime.alter(oldName, { state: "running", pid: deadPid })],
    ] as const) {
      test(`should be followed by a new container where the previous one is ${fate}`, async () => {
        await using engine = await deployed();
        const id = idOf(engine);
        const port = portOf(engine);
        engine.atStep({ kind: "await-healthy", moment: "before" }, () => strike(engine));
        const { outcome, results } = await engine.run(failing);
        assert.equal(outcome, "restored", results[0]?.failure?.found ?? "no failure");
        assert.deepEqual(engine.runtime.shown(), v1Runs);
        assert.notEqual(idOf(engine), id);
        assert.notEqual(portOf(engine), port);
        assertAgreement(engine);
      });
    }

    test("should be so when it cannot be removed at first", async () => {
      await using engine = await deployed();
      const id = idOf(engine);
      engine.atStep({ kind: "await-healthy", moment: "before" }, () =>
        engine.runtime.before("remove", refused),
      );
      const { outcome, results } = await engine.run(failing);
      assert.equal(outcome, "restored", results[0]?.failure?.found ?? "no failure");
      assert.deepEqual(engine.runtime.shown(), v1Runs);
      assert.equal(idOf(engine), id);
      assertAgreement(engine);
    });

    test("should be followed by one with all its routes where the new version declares others", async () => {
      await using engine = await createEngine();
      await engine.run(aDeploy([aWeb("v1", { update, routes: [aRoute(), aRoute({ name: "admin" })] })]));
      engine.atStep({ kind: "await-healthy", moment: "before" }, () => engine.runtime.remove(oldName));
      await engine.run(aDeploy([aWeb("exits", { update, routes: [aRoute({ name: "api" })] })]));
      assert.deepEqual(engine.runtime.shown(), v1Runs);
      assert.deepEqual(Object.keys(hostPortsOf(engine.runtime.container("hello-web"))), ["", "admin"]);
      assertAgreement(engine);
    });
  });
}

test("a component that could not be removed runs again, on ports of its own where its container is gone", async () => {
  await using engine = await createEngine();
  await engine.run(aDeploy([aWeb("v1"), aWeb("v1", { name: "api" })]));
  engine.atStep({ kind: "stop-container", moment: "after", component: "web" }, async () => {
    await engine.runtime.remove("hello-web");
    refused();
  });
  const { outcome, results } = await engine.run(aDeploy([aWeb("v1", { name: "api" })]));
  assert.equal(outcome, "restored", results[0]?.failure?.found ?? "no failure");
  assert.deepEqual(Object.keys(hostPortsOf(engine.runtime.container("hello-web"))), [""]);
  assertAgreement(engine);
});

test("a crash while the previous version is put back goes on with that, and not with the new one", async () => {
  await using engine = await createEngine();
  await engine.run(aDeploy([aWeb("v1", { update: "stop-first" })]));
  const id = idOf(engine);
  const failing = aDeploy([aWeb("exits", { update: "stop-first" })]);
  const operation = await engine.crash(failing, { kind: "remove-container", moment: "after" });
  assert.deepEqual(engine.runtime.shown(), ["hello-web.previous exited localhost/web:v1"]);
  engine.runtime.before("create", () => assert.fail("it is tried again"));
  await engine.restart();
  const record = engine.registry.operations.get(operation);
  assert.equal(record?.outcome, "restored");
  assert.equal(record.results[0]?.failure?.code, "CONTAINER_EXITED");
  assert.deepEqual(engine.runtime.shown(), v1Runs);
  assert.equal(idOf(engine), id);
});

test("a previous version that the runtime has begun to stop when it fails is up again", async () => {
  await using engine = await createEngine();
  await engine.run(aDeploy([aWeb("v1", { update: "stop-first" })]));
  const id = idOf(engine);
  engine.runtime.before("stop", () => {
    engine.runtime.alter("hello-web", { state: "stopping", pid: 0 });
    unavailable();
  });
  assert.equal((await engine.run(aDeploy([aWeb("v2", { update: "stop-first" })]))).outcome, "restored");
  assert.deepEqual(engine.runtime.shown(), v1Runs);
  assert.equal(idOf(engine), id);
});

test("a runtime that never answers again does not hold the service for ever", async () => {
  await using engine = await createEngine();
  await engine.run(aDeploy([aWeb("v1")]));
  engine.atStep({ kind: "await-healthy", moment: "before" }, () =>
    engine.runtime.before("list", unavailable, { times: Infinity }),
  );
  const { outcome, results } = await engine.run(aDeploy([aWeb("exits")]));
  assert.equal(outcome, "failed");
  assert.match(results[0]?.failure?.found ?? "", /could not be put back: .*does not answer/u);
});

test("a stop that fails is not undone", async () => {
  await using engine = await createEngine();
  await engine.run(aDeploy([aWeb("v1"), aWeb("v1", { name: "api" })]));
  engine.runtime.before("stop", refused);
  const { outcome, results } = await engine.run(anOperation("stop"));
  assert.equal(outcome, "partly-failed");
  assert.deepEqual(results.map((result) => result.outcome).toSorted(), ["changed", "failed"]);
  assert.deepEqual(engine.runtime.shown(), [
    "hello-api exited localhost/web:v1",
    "hello-web running localhost/web:v1",
  ]);
});
