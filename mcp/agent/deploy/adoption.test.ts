import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import { aContainer } from "@metacircular/testkit/container-request.ts";
import { aDeploy, anOperation, aWeb, createEngine, type Engine } from "@metacircular/testkit/engine.ts";
import { refused } from "@metacircular/testkit/memory-runtime.ts";
import { aComponent } from "@metacircular/testkit/specs.ts";

const read = (name: string): ComponentSpec => aComponent({ name, image: "localhost/web:v1", restart: "no" });

async function byHand({ runtime }: Engine, name: string): Promise<string> {
  const id = await runtime.create(aContainer({ name, restart: "no" }));
  await runtime.start(id);
  return id;
}

function anAdoption(containers: Readonly<Record<string, string>>): Intent {
  const entries = Object.entries(containers);
  return {
    kind: "adopt",
    service: "hello",
    containers: entries.map(([component, id]) => ({ id, spec: read(component), desired: "running" })),
  };
}

/** An engine whose service has one component, taken over. */
async function adopted(): Promise<{ engine: Engine; id: string }> {
  const engine = await createEngine();
  const id = await byHand(engine, "hello-web");
  const { outcome } = await engine.run(anAdoption({ web: id }));
  assert.equal(outcome, "succeeded");
  return { engine, id };
}

const adoptedIds = ({ registry }: Engine) => [...registry.components.adoptions().keys()];

describe("a container that was taken over", () => {
  test("is what its definition says, so that deploying that does nothing", async () => {
    const { engine, id } = await adopted();
    await using _ = engine;
    assert.deepEqual((await engine.deployer().preview(aDeploy([read("web")]))).steps, []);
    assert.equal((await engine.run(aDeploy([read("web")]))).outcome, "unchanged");
    assert.equal(engine.runtime.container("hello-web").id, id);
    assert.equal(engine.registry.revisions.list("hello", 9).length, 1);
  });

  for (const update of ["start-first", "stop-first"] as const) {
    test(`comes back itself when a deploy over it fails, ${update}`, async () => {
      const { engine, id } = await adopted();
      await using _ = engine;
      const { outcome } = await engine.run(aDeploy([aWeb("exits", { update })]));
      assert.equal(outcome, "restored");
      assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v1"]);
      assert.equal(engine.runtime.container("hello-web").id, id);
      assert.equal((await engine.run(aDeploy([read("web")]))).outcome, "unchanged", "it is ours no more");
    });

    test(`gives way to a container of ours that is healthy, ${update}`, async () => {
      const { engine, id } = await adopted();
      await using _ = engine;
      assert.equal((await engine.run(aDeploy([aWeb("v2", { update })]))).outcome, "succeeded");
      assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v2"]);
      assert.notEqual(engine.runtime.container("hello-web").id, id);
      assert.deepEqual(adoptedIds(engine), [], "the adoption is over");
      assert.equal((await engine.run({ kind: "rollback", ...deployOf(read("web")) })).outcome, "succeeded");
    });
  }

  test("that could not be removed once it was replaced is removed by the next deploy", async () => {
    const { engine } = await adopted();
    await using _ = engine;
    engine.atStep({ kind: "remove-container", moment: "before" }, refused);
    assert.equal((await engine.run(aDeploy([aWeb("v2", { update: "stop-first" })]))).outcome, "succeeded");
    assert.deepEqual(engine.runtime.shown(), [
      "hello-web running localhost/web:v2",
      "hello-web.previous exited localhost/web:v1",
    ]);
    assert.equal((await engine.run(aDeploy([aWeb("v3", { update: "stop-first" })]))).outcome, "succeeded");
    assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v3"]);
    assert.deepEqual(adoptedIds(engine), []);
  });

  test("comes back itself when the agent dies while it is being replaced by what fails", async () => {
    const { engine, id } = await adopted();
    await using _ = engine;
    const failing = aDeploy([aWeb("exits", { update: "stop-first" })]);
    await engine.crash(failing, { kind: "rename-container", moment: "after" });
    await engine.restart();
    assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v1"]);
    assert.equal(engine.runtime.container("hello-web").id, id);
  });

  test("is stopped, started, restarted and removed as any other", async () => {
    const { engine, id } = await adopted();
    await using _ = engine;
    await engine.run(anOperation("stop"));
    assert.deepEqual(engine.runtime.shown(), ["hello-web exited localhost/web:v1"]);
    await engine.run(anOperation("start"));
    await engine.run(anOperation("restart"));
    assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v1"]);
    assert.equal(engine.runtime.container("hello-web").id, id);
    await engine.run(anOperation("undeploy"));
    assert.deepEqual(engine.runtime.shown(), []);
    assert.deepEqual(engine.registry.components.all(), []);
  });

  test("is created from its definition by a start, once somebody has removed it", async () => {
    const { engine, id } = await adopted();
    await using _ = engine;
    await engine.runtime.remove(id);
    assert.equal((await engine.run(anOperation("start"))).outcome, "succeeded");
    assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v1"]);
    assert.deepEqual(adoptedIds(engine), []);
    assert.equal((await engine.run(aDeploy([read("web")]))).outcome, "unchanged");
  });

  test("can be taken over again where somebody has created it anew", async () => {
    const { engine, id } = await adopted();
    await using _ = engine;
    await engine.runtime.remove(id);
    const anew = await byHand(engine, "hello-web");
    assert.equal((await engine.run(anAdoption({ web: anew }))).outcome, "succeeded");
    assert.deepEqual(adoptedIds(engine), [anew]);
    assert.equal((await engine.run(anAdoption({ web: anew }))).outcome, "unchanged");
  });
});

describe("an adoption", () => {
  for (const moment of ["before", "after"] as const) {
    test(`that the agent dies in, ${moment} recording one container, is finished`, async () => {
      await using engine = await createEngine();
      const ids = { api: await byHand(engine, "hello-api"), web: await byHand(engine, "hello-web") };
      const operation = await engine.crash(anAdoption(ids), {
        kind: "record-adoption",
        component: "web",
        moment,
      });
      await engine.restart();
      assert.equal(engine.registry.operations.get(operation)?.outcome, "succeeded");
      assert.deepEqual(adoptedIds(engine), Object.values(ids));
      const [revision, ...more] = engine.registry.revisions.list("hello", 9);
      assert.deepEqual(
        revision?.spec.components.map(({ name }) => name),
        ["api", "web"],
      );
      assert.deepEqual(more, []);
      assert.equal((await engine.run(aDeploy([read("api"), read("web")]))).outcome, "unchanged");
    });
  }

  test("of one container that fails leaves the others taken over", async () => {
    await using engine = await createEngine();
    const ids = { api: await byHand(engine, "hello-api"), web: await byHand(engine, "hello-web") };
    engine.atStep({ kind: "record-adoption", moment: "before", component: "api" }, refused);
    const { outcome, results } = await engine.run(anAdoption(ids));
    assert.equal(outcome, "partly-failed");
    assert.deepEqual(
      results.map(({ component, outcome: ended }) => [component, ended]),
      [
        ["api", "failed"],
        ["web", "changed"],
      ],
    );
    assert.deepEqual(adoptedIds(engine), [ids.web]);
    assert.equal(engine.runtime.container("hello-api").state, "running");
  });

  test("fails for a container that somebody has removed meanwhile", async () => {
    await using engine = await createEngine();
    const { outcome, results } = await engine.run(anAdoption({ web: "gone" }));
    assert.equal(outcome, "failed");
    assert.equal(results[0]?.failure?.code, "CONTAINER_NOT_FOUND");
    assert.deepEqual(engine.registry.services.names(), []);
    assert.deepEqual(engine.registry.revisions.list("hello", 9), []);
  });

  test("keeps the components that the service has, and their place", async () => {
    await using engine = await createEngine();
    await engine.run(aDeploy([aWeb("v1")]));
    const id = await byHand(engine, "hello-api");
    await engine.run(anAdoption({ api: id }));
    assert.deepEqual(
      engine.registry.service("hello")?.components.map(({ spec }) => spec.name),
      ["web", "api"],
    );
    assert.equal((await engine.run(aDeploy([aWeb("v1"), read("api")]))).outcome, "unchanged");
  });

  test("ends the listing of its container below another service", async () => {
    await using engine = await createEngine();
    const id = await byHand(engine, "hello-web");
    engine.registry.services.record("hello-web", false);
    engine.registry.components.record({
      ...{ service: "hello-web", spec: read("hello-web"), desired: "ignore", hostPorts: {} },
      ...{ version: "v1", imageDigest: "", position: 0 },
    });
    await engine.run(anAdoption({ web: id }));
    assert.deepEqual(engine.registry.services.names(), ["hello"]);
  });
});

function deployOf(...components: readonly ComponentSpec[]) {
  const { kind: _, ...deploy } = aDeploy(components);
  return deploy;
}
