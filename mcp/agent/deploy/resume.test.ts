import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import { aDeploy, anOperation, aWeb, createEngine, type Engine } from "@metacircular/testkit/engine.ts";
import { refused, unavailable } from "@metacircular/testkit/memory-runtime.ts";

const api = (version: string) => aWeb(version, { name: "api" });
const both = (version: string) => aDeploy([api(version), aWeb(version)]);

async function deployed(): Promise<Engine> {
  const engine = await createEngine();
  await engine.run(both("v1"));
  return engine;
}

function recordOf({ registry }: Engine, id: string) {
  const record = registry.operations.get(id);
  assert.ok(record !== undefined);
  const results = Object.fromEntries(record.results.map(({ component, outcome }) => [component, outcome]));
  return { ...record, results, failures: record.results.flatMap(({ failure }) => failure?.code ?? []) };
}

test("an operation that a crash cut off ends as if nothing had happened", async () => {
  await using engine = await deployed();
  const id = await engine.crash(both("v2"), { kind: "stop-container", moment: "after", component: "web" });
  await engine.restart();
  assert.equal(recordOf(engine, id).outcome, "succeeded");
  assert.deepEqual(recordOf(engine, id).results, { api: "changed", web: "changed" });
  assert.deepEqual(engine.runtime.shown(), [
    "hello-api running localhost/web:v2",
    "hello-web running localhost/web:v2",
  ]);
  assert.equal(engine.registry.revisions.list("hello", 9).length, 2);
});

test("a component that only the resumed operation touches, and that fails, is not lost from its result", async () => {
  await using engine = await deployed();
  const intent = aDeploy([api("v2"), aWeb("v1")]);
  const id = await engine.crash(intent, { kind: "record-component", moment: "after", component: "api" });
  await engine.runtime.remove("hello-web");
  engine.runtime.before("create", refused);
  await engine.restart();
  assert.equal(recordOf(engine, id).outcome, "partly-failed");
  assert.deepEqual(recordOf(engine, id).results, { api: "changed", web: "failed" });
});

/** Dies there until no attempt is left, and then starts once more. */
async function dieRepeatedly(engine: Engine, intent: Intent, site: Parameters<Engine["crash"]>[1]) {
  const id = await engine.crash(intent, site);
  for (let deaths = 1; deaths < 3; deaths += 1) engine.registry.operations.beginAgain(id);
  await engine.restart();
  return recordOf(engine, id);
}

describe("an operation in which the agent has died too often", () => {
  test("should keep the components that are finished, and put the others back", async () => {
    await using engine = await deployed();
    const site = { kind: "await-healthy", moment: "before", component: "web" } as const;
    const record = await dieRepeatedly(engine, both("v2"), site);
    assert.equal(record.outcome, "partly-failed");
    assert.deepEqual(record.results, { api: "changed", web: "restored" });
    assert.deepEqual(record.failures, ["OPERATION_ABANDONED"]);
    assert.deepEqual(engine.runtime.shown(), [
      "hello-api running localhost/web:v2",
      "hello-web running localhost/web:v1",
    ]);
  });

  for (const kind of ["stop", "start", "restart", "undeploy"] as const) {
    test(`should touch nothing where it is a ${kind}`, async () => {
      await using engine = await deployed();
      if (kind === "start") await engine.run(anOperation("stop"));
      const site = {
        kind: kind === "start" ? "start-container" : "stop-container",
        moment: "before",
        component: "web",
      } as const;
      await engine.clock.sleep(1_000);
      const id = await engine.crash(anOperation(kind), site);
      const left = engine.runtime.shown();
      for (let deaths = 1; deaths < 3; deaths += 1) engine.registry.operations.beginAgain(id);
      await engine.restart();
      const { outcome, results, failures } = recordOf(engine, id);
      assert.notEqual(outcome, "succeeded");
      assert.equal(results["web"], "failed");
      assert.ok(failures.every((code) => code === "OPERATION_ABANDONED"));
      assert.deepEqual(engine.runtime.shown(), left);
    });
  }

  for (const [intent, kind] of [
    [both("v2"), "record-revision"],
    [anOperation("undeploy"), "forget-service"],
  ] as const) {
    test(`should not be called a success where only ${kind} was left`, async () => {
      await using engine = await deployed();
      const record = await dieRepeatedly(engine, intent, { kind, moment: "before" });
      assert.equal(record.outcome, "partly-failed");
      assert.deepEqual(record.results, { api: "changed", web: "changed", hello: "failed" });
    });
  }
});

test("stopping the agent in good order does not count as dying", async () => {
  await using engine = await deployed();
  for (let stops = 0; stops < 6; stops += 1) {
    const blocked = Promise.withResolvers<void>();
    engine.runtime.before("create", (_, signal) => {
      blocked.resolve();
      return new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
      });
    });
    const operation = (stops === 0 ? engine.run(both("v2"), "patient") : engine.deployer().recover()).catch(
      (error: unknown) => error,
    );
    await blocked.promise;
    await engine.deployer()[Symbol.asyncDispose]();
    await operation;
    engine.startAgent();
  }
  await engine.restart();
  assert.equal(recordOf(engine, "patient").outcome, "succeeded");
  assert.equal(recordOf(engine, "patient").attempts, 1);
});

test("a crash between the last component and the service is no reason to keep an empty service", async () => {
  await using engine = await deployed();
  const id = await engine.crash(anOperation("undeploy"), { kind: "forget-service", moment: "before" });
  assert.equal(engine.registry.services.isActive("hello"), true);
  await engine.restart();
  assert.equal(recordOf(engine, id).outcome, "succeeded");
  assert.equal(engine.registry.services.isActive("hello"), undefined);
});

test("an operation that cannot be taken up for another reason than the runtime's absence ends", async () => {
  await using engine = await deployed();
  const id = await engine.crash(both("v2"), { kind: "create-container", moment: "before" });
  engine.runtime.before("list", refused, { times: Infinity });
  await engine.restart();
  const { outcome, results, failures } = recordOf(engine, id);
  assert.equal(outcome, "failed");
  assert.deepEqual(results, { api: "failed", web: "failed" });
  assert.deepEqual(new Set(failures), new Set(["RUNTIME_FAILED"]));
});

test("an operation is not given up because the runtime starts late", async () => {
  await using engine = await deployed();
  const id = await engine.crash(both("v2"), { kind: "create-container", moment: "before" });
  engine.runtime.before("list", unavailable, { times: 50 });
  await engine.restart();
  assert.equal(recordOf(engine, id).outcome, "succeeded");
});

test("two unfinished operations of one service hold up neither each other's end nor other services", async () => {
  await using engine = await deployed();
  const other = aDeploy([aWeb("v1")]);
  const elsewhere = { ...other, spec: { ...other.spec, name: "other" } };
  const startedAtMs = engine.clock.now();
  for (const [id, intent] of [
    ["first", both("v2")],
    ["second", both("v3")],
    ["elsewhere", elsewhere],
  ] as const) {
    engine.registry.operations.begin({ id, caller: "alice", intent, startedAtMs });
  }
  engine.startAgent();
  await assert.rejects(engine.deployer().recover(), /some interrupted operations could not be taken up/u);
  assert.equal(recordOf(engine, "first").outcome, "succeeded");
  assert.equal(recordOf(engine, "elsewhere").outcome, "succeeded");
  assert.equal(recordOf(engine, "second").attempts, 1, "it was not tried");
  await engine.restart();
  assert.equal(recordOf(engine, "second").outcome, "succeeded");
  assert.deepEqual(engine.runtime.shown(), [
    "hello-api running localhost/web:v3",
    "hello-web running localhost/web:v3",
    "other-web running localhost/web:v1",
  ]);
});
