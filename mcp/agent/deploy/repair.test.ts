import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  aDeploy,
  anOperation,
  aWeb,
  createEngine,
  type Engine,
  type Site,
} from "@metacircular/testkit/engine.ts";
import { deadPid } from "@metacircular/testkit/memory-runtime.ts";
import { agentCaller } from "./locks.ts";

async function deployed(): Promise<Engine> {
  const engine = await createEngine();
  await engine.run(aDeploy([aWeb("v1")]));
  return engine;
}

const desiredOf = ({ registry }: Engine) => registry.components.get("hello", "web")?.desired;

describe("a repair", () => {
  const sites: readonly Site["kind"][] = [
    "pull-image",
    "create-container",
    "start-container",
    "await-healthy",
    "record-component",
  ];
  for (const kind of sites) {
    for (const moment of ["before", "after"] as const) {
      test(`that the agent dies in ${moment} its step ${kind} is brought to its end`, async () => {
        await using engine = await deployed();
        await engine.runtime.remove("hello-web");
        const id = await engine.crash(anOperation("repair"), { kind, moment });
        await engine.restart();
        assert.equal(engine.registry.operations.get(id)?.outcome, "succeeded");
        assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v1"]);
      });
    }
  }

  test("starts nothing that an operator stopped before it began", async () => {
    await using engine = await deployed();
    await engine.run(anOperation("stop"));
    // What has just ended might be restarted by the runtime.
    await engine.clock.sleep(2_000);
    assert.equal((await engine.run(anOperation("repair"))).outcome, "unchanged");
    assert.deepEqual(engine.runtime.shown(), ["hello-web exited localhost/web:v1"]);
  });

  test("leaves out the components that it is told to", async () => {
    await using engine = await deployed();
    await engine.runtime.remove("hello-web");
    const intent = { kind: "repair", service: "hello", component: "", except: ["web"] } as const;
    assert.equal((await engine.run(intent)).outcome, "unchanged");
  });

  test("of a lost container that fails leaves nothing half-made, and says why it failed", async () => {
    await using engine = await deployed();
    engine.runtime.alter("hello-web", { pid: deadPid });
    engine.atStep({ kind: "await-healthy", moment: "before" }, () => {
      throw new Error("it is not healthy");
    });
    const { outcome, results } = await engine.run(anOperation("repair"));
    assert.equal(outcome, "failed");
    assert.equal(results[0]?.failure?.found, "it is not healthy");
    assert.deepEqual(engine.runtime.shown(), []);
  });
});

describe("a brake", () => {
  for (const moment of ["before", "after"] as const) {
    test(`that the agent dies in ${moment} its only step ends with the container stopped`, async () => {
      await using engine = await deployed();
      const id = await engine.crash(anOperation("brake"), { kind: "stop-container", moment });
      await engine.restart();
      assert.equal(engine.registry.operations.get(id)?.outcome, "succeeded");
      assert.deepEqual(engine.runtime.shown(), ["hello-web exited localhost/web:v1"]);
      assert.equal(desiredOf(engine), "running", "it should still run");
    });
  }
});

/** A repair by the agent that has got to a step and goes on when it is told to, or is broken off. */
async function repairing(engine: Engine, kind: Site["kind"]) {
  await engine.runtime.remove("hello-web");
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  engine.atStep({ kind, moment: "after" }, () => {
    reached.resolve();
    return goOn.promise;
  });
  const operation = { operationId: "repair", caller: agentCaller, intent: anOperation("repair") };
  const repaired = engine.deployer().run(operation);
  await reached.promise;
  return { repaired, goOn: () => goOn.resolve() };
}

describe("what the agent does by itself", () => {
  test("gives way to an operator, whose operation then runs", async () => {
    await using engine = await deployed();
    const { repaired, goOn } = await repairing(engine, "create-container");
    const stopped = engine.run(anOperation("stop"));
    goOn();
    const { outcome, results } = await repaired;
    assert.equal(outcome, "failed");
    assert.equal(results[0]?.failure?.code, "OPERATION_PREEMPTED");
    assert.equal((await stopped).outcome, "succeeded");
    assert.equal(desiredOf(engine), "stopped");
    assert.ok(!engine.runtime.shown().some((shown) => shown.includes("running")));
  });

  test("is not what an account of the same name asks for", async () => {
    await using engine = await deployed();
    const reached = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    engine.atStep({ kind: "create-container", moment: "after" }, () => {
      reached.resolve();
      return goOn.promise;
    });
    const asked = { operationId: "deploy", caller: agentCaller, intent: aDeploy([aWeb("v2")]) };
    const deploying = engine.deployer().run(asked);
    await reached.promise;
    await assert.rejects(engine.run(anOperation("stop")), { code: "OPERATION_IN_PROGRESS" });
    goOn.resolve();
    assert.equal((await deploying).outcome, "succeeded");
  });

  test("does not give way to the agent itself", async () => {
    await using engine = await deployed();
    const { repaired, goOn } = await repairing(engine, "create-container");
    const again = { operationId: "again", caller: agentCaller, intent: anOperation("repair") };
    await assert.rejects(engine.deployer().run(again), { code: "OPERATION_IN_PROGRESS" });
    goOn();
    assert.equal((await repaired).outcome, "succeeded");
  });

  test("gives way also when it is taken up after a crash", async () => {
    await using engine = await deployed();
    await engine.runtime.remove("hello-web");
    const request = { operationId: "repair", caller: agentCaller, intent: anOperation("repair") };
    const dead = Promise.withResolvers<void>();
    engine.atStep({ kind: "create-container", moment: "before" }, () => {
      dead.resolve();
      return new Promise<never>(() => undefined);
    });
    void engine.deployer().run(request);
    await dead.promise;
    engine.startAgent();
    const reached = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    engine.atStep({ kind: "start-container", moment: "before" }, () => {
      reached.resolve();
      return goOn.promise;
    });
    const recovered = engine.deployer().recover();
    await reached.promise;
    const undeployed = engine.run(anOperation("undeploy"));
    goOn.resolve();
    await recovered;
    assert.equal((await undeployed).outcome, "succeeded");
    assert.deepEqual(engine.runtime.shown(), []);
    assert.equal(engine.registry.operations.get("repair")?.outcome, "failed");
  });
});
