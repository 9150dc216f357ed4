import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aComponent } from "@metacircular/testkit/specs.ts";
import { describeStep } from "./describe-step.ts";
import type { ObservedContainer } from "./observed.ts";
import type { Intent } from "./intent.ts";
import { plan, type PlanInput } from "./plan.ts";
import { planChanges } from "./plan-changes.ts";
import type { RegisteredService } from "./registered.ts";
import { containerHash, serviceHash } from "./spec-hash.ts";
import type { ComponentSpec, ServiceSpec } from "./spec.ts";
import { harmlessKinds } from "./step.ts";

const api = aComponent({ name: "api", image: "localhost/api:v1" });
const web = aComponent({ name: "web", image: "localhost/web:v1", volumes: ["/srv/shop:/data"] });

function aService(components: readonly ComponentSpec[], active = true): ServiceSpec {
  return { name: "shop", node: "rift", active, components };
}

function deployed(components: readonly ComponentSpec[]): RegisteredService {
  return {
    name: "shop",
    active: true,
    components: components.map((spec) => ({ spec, desired: "running", hostPorts: {} })),
  };
}

function runs(components: readonly ComponentSpec[]): ReadonlyMap<string, ObservedContainer[]> {
  return new Map(
    components.map((spec) => [
      spec.name,
      [
        {
          id: `${spec.name}-id`,
          slot: "current",
          running: true,
          lost: false,
          specHash: containerHash(spec),
          imageId: "",
          createdBy: "earlier",
          startedAtMs: 1_000,
          hostPorts: {},
        },
      ],
    ]),
  );
}

function input(intent: Intent, fields: Partial<PlanInput> = {}): PlanInput {
  return {
    intent,
    operationId: "operation",
    startedAtMs: 5_000,
    registered: undefined,
    observed: new Map(),
    imageIds: new Map(),
    freshPorts: new Map(),
    newestRevisionHash: "",
    revisions: [],
    taken: new Set(),
    resumed: false,
    ...fields,
  };
}

function deploy(spec: ServiceSpec, fields: Partial<Intent & { kind: "deploy" }> = {}): Intent {
  return { kind: "deploy", spec, component: "", recreate: false, ...fields };
}

function sentences(planInput: PlanInput): string[] {
  return plan(planInput).map((step) => describeStep("shop", step));
}

const everything = { registered: deployed([api, web]), observed: runs([api, web]) };
const revised = { ...everything, newestRevisionHash: serviceHash(aService([api, web])) };

describe("the plan of an operation", () => {
  test("should do everything that cannot hurt before it touches what runs", () => {
    const changed = aService([
      { ...api, image: "localhost/api:v2" },
      { ...web, image: "localhost/web:v2" },
    ]);
    const steps = plan(input(deploy(changed), revised));
    const firstTouch = steps.findIndex((step) => !harmlessKinds.has(step.kind));
    assert.ok(firstTouch > 0);
    assert.ok(steps.slice(firstTouch).every((step) => !harmlessKinds.has(step.kind)));
    assert.equal(steps.filter((step) => step.kind === "pull-image").length, 2);
  });

  test("should read as what will happen", () => {
    const steps = sentences(input(deploy(aService([api, { ...web, image: "localhost/web:v2" }])), revised));
    assert.deepEqual(steps, [
      "check free disk space",
      "create the data directory of shop",
      "check the sources of 1 volume",
      "make sure image localhost/web:v2 is here",
      "stop shop-web",
      "rename shop-web to shop-web.previous",
      "create container shop-web from localhost/web:v2",
      "start shop-web",
      "wait until shop-web has run for 3 s",
      "remove shop-web.previous",
      "record what shop/web now is",
      "store a revision of shop",
    ]);
  });

  test("should be empty when nothing changed", () => {
    assert.deepEqual(sentences(input(deploy(aService([api, web])), revised)), []);
  });

  test("should only record what takes effect without a new container", () => {
    const probed = { ...api, health: { ...api.health, settleMs: 1_000 } };
    assert.deepEqual(sentences(input(deploy(aService([probed, web])), revised)), [
      "record what shop/api now is",
      "store a revision of shop",
    ]);
  });

  test("should remove components that are no longer declared, after the others", () => {
    assert.deepEqual(sentences(input(deploy(aService([api])), revised)), [
      "stop shop-web",
      "remove shop-web",
      "remove shop/web from the registry",
      "store a revision of shop",
    ]);
  });

  test("should leave other components alone when one is named", () => {
    const spec = aService([
      { ...api, image: "localhost/api:v2" },
      { ...web, image: "localhost/web:v2" },
    ]);
    const steps = plan(input(deploy(spec, { component: "api" }), revised));
    assert.ok(steps.every((step) => step.component !== "web"));
  });

  test("should deploy an inactive service as stopped", () => {
    assert.deepEqual(sentences(input(deploy(aService([api], false)))), [
      "record what shop/api now is",
      "record that shop is inactive",
      "store a revision of shop",
    ]);
  });

  test("should replace everything when asked to", () => {
    const steps = plan(input(deploy(aService([api, web]), { recreate: true }), revised));
    assert.deepEqual(
      steps.filter((step) => step.kind === "create-container").map((step) => step.component),
      ["api", "web"],
    );
  });

  test("should record that a service should be stopped before it stops it", () => {
    assert.deepEqual(sentences(input({ kind: "stop", service: "shop" }, revised)), [
      "record that shop/api should be stopped",
      "stop shop-api",
      "record that shop/web should be stopped",
      "stop shop-web",
      "record that shop is inactive",
    ]);
  });

  test("should restart only the component that is named", () => {
    const steps = sentences(input({ kind: "restart", service: "shop", component: "web" }, revised));
    assert.deepEqual(steps, ["stop shop-web", "start shop-web", "wait until shop-web has run for 3 s"]);
  });

  test("should also remove containers that the registry does not know when it undeploys", () => {
    const steps = sentences(
      input(
        { kind: "undeploy", service: "shop" },
        { registered: deployed([api]), observed: runs([api, web]) },
      ),
    );
    assert.deepEqual(steps, [
      "stop shop-api",
      "remove shop-api",
      "remove shop/api from the registry",
      "stop shop-web",
      "remove shop-web",
      "remove shop from the registry",
    ]);
  });
});

describe("the summary of a plan", () => {
  test("should name the fields that differ, but no value of an environment variable", () => {
    const changed = { ...api, image: "localhost/api:v2", env: ["TOKEN=secret"] };
    const spec = aService([changed, web]);
    const given = input(deploy(spec), revised);
    const [first, second] = planChanges(plan(given), spec, [api, web], given);
    assert.deepEqual(first, {
      component: "api",
      action: "replace",
      fields: [
        { field: "image", before: "localhost/api:v1", after: "localhost/api:v2" },
        { field: "env", before: "", after: "TOKEN=…" },
      ],
    });
    assert.deepEqual(second, { component: "web", action: "none", fields: [] });
  });

  test("should say that an image was built anew under its name", () => {
    const spec = aService([api]);
    const [container] = runs([api]).get("api") ?? [];
    assert.ok(container !== undefined);
    const given = input(deploy(spec), {
      registered: deployed([api]),
      observed: new Map([["api", [{ ...container, imageId: "1".repeat(64) }]]]),
      imageIds: new Map([[api.image, "2".repeat(64)]]),
    });
    const before = "localhost/api:v1 (111111111111)";
    const after = "localhost/api:v1 (222222222222)";
    assert.deepEqual(planChanges(plan(given), spec, [api], given), [
      { component: "api", action: "replace", fields: [{ field: "image", before, after }] },
    ]);
  });

  test("should say in words how health is decided", () => {
    const probed = {
      ...api,
      health: { ...api.health, probe: { kind: "http", path: "/healthz", route: "" }, deadlineMs: 90_000 },
    } as const;
    const spec = aService([probed, web]);
    const given = input(deploy(spec), revised);
    const [first] = planChanges(plan(given), spec, [api, web], given);
    assert.deepEqual(first?.fields, [
      {
        field: "health",
        before: "runs for 3s",
        after: "GET /healthz every 500ms, each 5s, within 1m30s",
      },
    ]);
  });
});
