import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import { aDeploy, anOperation, aWeb, createEngine, type Engine } from "@metacircular/testkit/engine.ts";
import { refused } from "@metacircular/testkit/memory-runtime.ts";
import { hostPortsOf } from "./observed-containers.ts";

const api = (version: string) => aWeb(version, { name: "api" });
const both = (version: string) => aDeploy([api(version), aWeb(version)]);

async function deployed(): Promise<Engine> {
  const engine = await createEngine();
  await engine.run(both("v1"));
  await engine.clock.sleep(1_000);
  return engine;
}

const isActive = ({ registry }: Engine) => registry.services.isActive("hello");
const revisionsOf = ({ registry }: Engine) =>
  registry.revisions.list("hello", 99).map(({ number }) => number);

test("a revision that cannot be stored makes no failures of the components that changed", async () => {
  await using engine = await deployed();
  engine.atStep({ kind: "record-revision", moment: "before" }, refused);
  const { outcome, results } = await engine.run(both("v2"));
  assert.equal(outcome, "partly-failed");
  assert.deepEqual(
    results.map(({ component, outcome: ended, failure }) => [component, ended, failure?.code]),
    [
      ["api", "changed", undefined],
      ["web", "changed", undefined],
      ["hello", "failed", "RUNTIME_FAILED"],
    ],
  );
  assert.deepEqual(engine.runtime.shown(), [
    "hello-api running localhost/web:v2",
    "hello-web running localhost/web:v2",
  ]);
});

for (const kind of ["start", "restart"] as const) {
  test(`a full disk ends a ${kind} before it touches anything`, async () => {
    await using engine = await deployed();
    if (kind === "start") await engine.run(anOperation("stop"));
    await engine.runtime.remove("hello-web");
    const left = engine.runtime.shown();
    const id = engine.runtime.container("hello-api").startedAtMs;
    await engine.clock.sleep(1_000);
    engine.atStep({ kind: "check-disk", moment: "before" }, refused);
    const { outcome, results } = await engine.run(anOperation(kind));
    assert.equal(outcome, "failed");
    assert.ok(results.every(({ failure }) => failure?.code === "RUNTIME_FAILED"));
    assert.deepEqual(engine.runtime.shown(), left);
    assert.equal(engine.runtime.container("hello-api").startedAtMs, id, "it was restarted");
  });
}

describe("the id of an operation", () => {
  const elsewhere = { ...both("v1"), spec: { ...both("v1").spec, name: "other" } };
  const first = { ...both("v1"), revision: 1 };
  const restart = anOperation("restart");
  const cases: readonly (readonly [string, Intent, Intent])[] = [
    ["another specification", both("v1"), both("v2")],
    ["another component", { ...both("v1"), component: "web" }, { ...both("v1"), component: "api" }],
    ["recreate", both("v1"), { ...both("v1"), recreate: true }],
    ["another state", both("v1"), aDeploy(both("v1").spec.components, { active: false })],
    ["another service", both("v1"), elsewhere],
    ["another kind", both("v1"), anOperation("stop")],
    ["another component to restart", restart, { kind: "restart", service: "hello", component: "web" }],
    [
      "a rollback of another service",
      { ...first, kind: "rollback" },
      { ...elsewhere, kind: "rollback", revision: 1 },
    ],
    [
      "a rollback to another revision",
      { ...first, kind: "rollback" },
      { ...first, kind: "rollback", revision: 2 },
    ],
  ];
  for (const [name, one, other] of cases) {
    test(`should not be used again for ${name}`, async () => {
      await using engine = await deployed();
      const before = await engine.run(one, "mine");
      assert.deepEqual(await engine.run(one, "mine"), before);
      await assert.rejects(
        engine.run(other, "mine"),
        (error) => error instanceof DetailedError && error.code === "OPERATION_ID_REUSED",
      );
    });
  }
});

for (const kind of ["start", "deploy"] as const) {
  test(`a stopped container whose port was taken meanwhile gets another, ${kind}`, async () => {
    await using engine = await deployed();
    await engine.run(anOperation("stop"));
    const port = engine.registry.components.get("hello", "web")?.hostPorts[""] ?? 0;
    const holder = createServer().listen(port, "127.0.0.1");
    await once(holder, "listening");
    try {
      const { outcome, results } = await engine.run(kind === "start" ? anOperation("start") : both("v1"));
      assert.equal(
        outcome,
        "succeeded",
        results.find(({ failure }) => failure)?.failure?.found ?? "no failure",
      );
    } finally {
      holder.close();
    }
    assert.deepEqual(engine.runtime.shown(), [
      "hello-api running localhost/web:v1",
      "hello-web running localhost/web:v1",
    ]);
    const recorded = engine.registry.components.get("hello", "web")?.hostPorts ?? {};
    assert.deepEqual(recorded, hostPortsOf(engine.runtime.container("hello-web")));
    assert.notEqual(recorded[""], port);
  });
}

test("a container that is being stopped is started again, and not taken for one whose process is gone", async () => {
  await using engine = await deployed();
  const { id } = engine.runtime.container("hello-web");
  engine.runtime.alter("hello-web", { state: "stopping", pid: 0 });
  assert.equal((await engine.run(both("v1"))).outcome, "succeeded");
  assert.equal(engine.runtime.container("hello-web").id, id);
  assert.equal(engine.runtime.container("hello-web").state, "running");
});

describe("whether a service is active", () => {
  test("should not change when one component is deployed as stopped", async () => {
    await using engine = await deployed();
    const intent = aDeploy([api("v1"), aWeb("v1")], { active: false, component: "web" });
    assert.equal((await engine.run(intent)).outcome, "succeeded");
    assert.equal(isActive(engine), true);
    assert.deepEqual(engine.runtime.shown(), [
      "hello-api running localhost/web:v1",
      "hello-web exited localhost/web:v1",
    ]);
  });

  test("should be true after a restart", async () => {
    await using engine = await deployed();
    await engine.run(anOperation("stop"));
    assert.equal(isActive(engine), false);
    assert.equal((await engine.run(anOperation("restart"))).outcome, "succeeded");
    assert.equal(isActive(engine), true);
    assert.equal(engine.registry.components.get("hello", "web")?.desired, "running");
  });
});

test("another order of the components is no change, and no revision", async () => {
  await using engine = await deployed();
  const ids = () => ["hello-api", "hello-web"].map((name) => engine.runtime.container(name).id);
  const before = ids();
  const { outcome, revision } = await engine.run(aDeploy([aWeb("v1"), api("v1")]));
  assert.equal(outcome, "unchanged");
  assert.equal(revision, 0);
  assert.deepEqual(revisionsOf(engine), [1]);
  assert.deepEqual(ids(), before);
});
