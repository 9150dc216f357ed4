import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import type { StepKind } from "@metacircular/mcp-core/step.ts";
import { aDeploy, anOperation, aWeb, createEngine, type Engine } from "@metacircular/testkit/engine.ts";
import { deployedComponents } from "./deployed.ts";
import { rollbackSpec } from "./rollback-spec.ts";

function sync(components: readonly ComponentSpec[], active = true): Intent {
  return { kind: "sync", service: "hello", declared: { name: "hello", node: "", active, components } };
}

const purge: Intent = { kind: "purge", service: "hello", components: ["web"] };

const image = ({ registry }: Engine) => registry.components.get("hello", "web")?.spec.image;
const moments = ["before", "after"] as const;

/** What is in the registry and what podman would show. */
function state(engine: Engine) {
  const { registry, runtime } = engine;
  const component = registry.components.get("hello", "web");
  return {
    active: registry.services.isActive("hello"),
    desired: component?.desired,
    image: component?.spec.image,
    containers: runtime.shown(),
    revisions: registry.revisions.list("hello", 10).length,
    unfinished: registry.operations.unfinished().length,
  };
}

describe("an agent that dies at a step", () => {
  const ofSync: readonly StepKind[] = ["record-declaration", "stop-container", "record-service"];
  const ofPurge: readonly StepKind[] = [
    "check-stopped",
    "remove-container",
    "forget-component",
    "forget-service",
  ];

  for (const kind of ofSync) {
    for (const moment of moments) {
      test(`of a sync, ${moment} ${kind}, finishes it when it is back`, async () => {
        await using engine = await createEngine();
        await engine.run(aDeploy([aWeb("v1")]));
        const id = await engine.crash(sync([aWeb("v2")], false), { kind, moment });
        await engine.restart();
        assert.equal(engine.registry.operations.get(id)?.outcome, "succeeded");
        assert.deepEqual(state(engine), {
          active: false,
          desired: "stopped",
          image: "localhost/web:v2",
          containers: ["hello-web exited localhost/web:v1"],
          revisions: 1,
          unfinished: 0,
        });
      });
    }
  }

  test("of a sync, before it stops what is about to be restarted, stops it when it is back", async () => {
    await using engine = await createEngine();
    await engine.run(aDeploy([aWeb("v1")]));
    const site = { kind: "stop-container", moment: "before" } as const;
    const id = await engine.crash(sync([aWeb("v1")], false), site);
    engine.runtime.alter("hello-web", { state: "exited", pid: 0, exitedAtMs: engine.clock.now() });
    await engine.restart();
    const kinds = engine.registry.operations.get(id)?.steps.map((step) => step.kind);
    assert.deepEqual(kinds, ["stop-container", "record-service"]);
  });

  for (const kind of ofPurge) {
    for (const moment of moments) {
      test(`of a purge, ${moment} ${kind}, finishes it when it is back`, async () => {
        await using engine = await createEngine();
        await engine.run(aDeploy([aWeb("v1")]));
        await engine.run(anOperation("stop"));
        const id = await engine.crash(purge, { kind, moment });
        await engine.restart();
        assert.equal(engine.registry.operations.get(id)?.outcome, "succeeded");
        assert.deepEqual(state(engine), {
          active: undefined,
          desired: undefined,
          image: undefined,
          containers: [],
          revisions: 0,
          unfinished: 0,
        });
      });
    }
  }
});

describe("a purge", () => {
  for (const kind of ["check-stopped", "remove-container"] as const) {
    test(`does not kill what is started before its step ${kind}, and forgets nothing`, async () => {
      await using engine = await createEngine();
      await engine.run(aDeploy([aWeb("v1")]));
      await engine.run(anOperation("stop"));
      engine.atStep({ kind, moment: "before" }, () => engine.runtime.start("hello-web"));
      const { outcome, results } = await engine.run(purge);
      assert.equal(outcome, "failed");
      assert.equal(results[0]?.failure?.code, "COMPONENT_RUNNING");
      const { containers, desired, revisions } = state(engine);
      assert.deepEqual(
        [containers, desired, revisions],
        [["hello-web running localhost/web:v1"], "stopped", 1],
      );
    });
  }
});

test("what was undeployed and is declared again is not deployed", async () => {
  await using engine = await createEngine();
  await engine.run(aDeploy([aWeb("v1")]));
  await engine.run(anOperation("undeploy"));
  await engine.run(sync([aWeb("v1")]));
  assert.deepEqual(deployedComponents("hello", engine.registry), []);
});

test("a rollback leaves it to the agent to repair what it was told to repair since", async () => {
  await using engine = await createEngine();
  const { registry, runtime } = engine;
  await engine.run(aDeploy([aWeb("v1")]));
  await engine.run(aDeploy([aWeb("v2")]));
  registry.services.recordReconcile("hello", true);
  const asked = { service: "hello", revision: 0 };
  const spec = await rollbackSpec(asked, { registry, runtime, node: "rift" }, AbortSignal.timeout(10_000));
  assert.deepEqual([spec.components[0]?.image, spec.reconcile], ["localhost/web:v1", true]);
});

describe("a deploy of what a sync declared", () => {
  test("that fails and cannot bring the old container back makes a new one of the old version, and keeps the declaration", async () => {
    await using engine = await createEngine();
    await engine.run(aDeploy([aWeb("v1", { update: "stop-first" })]));
    const declared = aWeb("exits", { update: "stop-first" });
    await engine.run(sync([declared]));
    engine.atStep({ kind: "start-container", moment: "after" }, async () => {
      await engine.runtime.remove("hello-web.previous");
    });
    const { outcome } = await engine.run(aDeploy([declared]));
    assert.equal(outcome, "restored");
    assert.deepEqual(engine.runtime.shown(), ["hello-web running localhost/web:v1"]);
    assert.equal(image(engine), "localhost/web:exits");
  });
});
