import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aComponent } from "@metacircular/testkit/specs.ts";
import { describeStep } from "./describe-step.ts";
import type { ObservedContainer } from "./observed.ts";
import type { Intent } from "./intent.ts";
import { plan, type PlanInput } from "./plan.ts";
import { planChanges } from "./plan-changes.ts";
import { blockedComponents } from "./plan-sync.ts";
import type { RegisteredService } from "./registered.ts";
import { containerHash } from "./spec-hash.ts";
import type { ComponentSpec, ServiceSpec } from "./spec.ts";
import type { StepKind } from "./step.ts";
import { syncSummary } from "./sync-summary.ts";

const api = aComponent({ name: "api", image: "localhost/api:v1" });
const web = aComponent({ name: "web", image: "localhost/web:v1" });
const web2 = { ...web, image: "localhost/web:v2" };

function aService(components: readonly ComponentSpec[], fields: Partial<ServiceSpec> = {}): ServiceSpec {
  return { name: "shop", node: "", active: true, components, ...fields };
}

function registered(
  components: readonly ComponentSpec[],
  desired: "running" | "stopped" = "running",
): RegisteredService {
  return {
    name: "shop",
    active: desired === "running",
    components: components.map((spec) => ({ spec, desired, hostPorts: {} })),
  };
}

function aContainer(spec: ComponentSpec, fields: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: `${spec.name}-id`,
    slot: "current",
    running: true,
    lost: false,
    specHash: containerHash(spec),
    imageId: "",
    createdBy: "earlier",
    startedAtMs: 1_000,
    hostPorts: {},
    ...fields,
  };
}

function runs(...specs: readonly ComponentSpec[]): PlanInput["observed"] {
  return new Map(specs.map((spec) => [spec.name, [aContainer(spec)]]));
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

function sentences(intent: Intent, fields: Partial<PlanInput> = {}): string[] {
  return plan(input(intent, fields)).map((step) => describeStep("shop", step));
}

function sync(declared: ServiceSpec): Intent {
  return { kind: "sync", service: "shop", declared };
}

function summary(declared: ServiceSpec, fields: Partial<PlanInput>): string {
  const before = fields.registered;
  const specs = before?.components.map(({ spec }) => spec) ?? [];
  const given = input(sync(declared), fields);
  const changes = planChanges(plan(given), declared, specs, given);
  return syncSummary(declared, before, changes);
}

describe("a sync", () => {
  test("should record what is declared and touch no container", () => {
    assert.deepEqual(
      sentences(sync(aService([api, web2])), { registered: registered([web]), observed: runs(web) }),
      ["record what is declared of shop/api", "record what is declared of shop/web"],
    );
  });

  test("should have nothing to do where all is recorded, whatever runs", () => {
    const fields = { registered: registered([api, web]), observed: runs(web2) };
    assert.deepEqual(sentences(sync(aService([api, web])), fields), []);
  });

  test("should stop what is inactive, what is no longer declared included, and remove none of it", () => {
    const fields = { registered: registered([web, api]), observed: runs(web, api) };
    assert.deepEqual(sentences(sync(aService([web], { active: false })), fields), [
      "record what is declared of shop/web",
      "stop shop-web",
      "record that shop/api should be stopped",
      "stop shop-api",
      "record that shop is inactive",
    ]);
  });

  test("should leave alone what was stopped before, though it has only just ended", () => {
    const observed = new Map([["web", [aContainer(web, { running: false, restarting: true })]]]);
    const fields = { registered: registered([web], "stopped"), observed };
    assert.deepEqual(sentences(sync(aService([web], { active: false })), fields), []);
  });

  test("should leave alone what is active and no longer declared", () => {
    const fields = { registered: registered([web, api]), observed: runs(web, api) };
    assert.deepEqual(sentences(sync(aService([web])), fields), []);
  });

  test("should not enter a component whose name somebody else's container has", () => {
    const taken = new Set(["web"]);
    assert.deepEqual(sentences(sync(aService([web])), { taken }), []);
    assert.deepEqual(sentences(sync(aService([web, api])), { taken }), [
      "record what is declared of shop/api",
      "record that shop is active",
    ]);
    const known = { taken, registered: registered([web]) };
    assert.deepEqual(sentences(sync(aService([web2])), known), ["record what is declared of shop/web"]);
  });

  test("should record who repairs", () => {
    const fields = { registered: registered([web]) };
    assert.deepEqual(sentences(sync(aService([web], { reconcile: true })), fields), [
      "record that shop is active",
    ]);
  });
});

describe("the summary of a sync", () => {
  const before = { registered: registered([web]), observed: runs(web) };
  const cases: readonly [string, ServiceSpec, Partial<PlanInput>, string][] = [
    ["of nothing is empty", aService([web]), before, ""],
    ["names a new service", aService([web]), {}, "new"],
    ["names a new service that is inactive", aService([web], { active: false }), {}, "new; inactive"],
    ["shows both images", aService([web2]), before, "web: localhost/web:v1 → localhost/web:v2"],
    ["names other fields", aService([{ ...web, user: "7", cmd: ["a"] }]), before, "web: user, cmd"],
    ["names a new component", aService([web, api]), before, "api: new"],
    ["tells what is stopped", aService([web], { active: false }), before, "now inactive; web: stopped"],
    ["tells who repairs", aService([web], { reconcile: false }), before, "repairs off"],
  ];
  for (const [title, declared, fields, text] of cases) {
    test(title, () => {
      assert.equal(summary(declared, fields), text);
    });
  }
});

describe("after a sync that a deploy has not followed yet", () => {
  const synced = {
    registered: registered([web2]),
    observed: runs(web),
    revisions: [aService([web])],
  };
  const restart = { kind: "restart", service: "shop", component: "" } as const;
  const repair = { kind: "repair", service: "shop", component: "" } as const;
  const start = { kind: "start", service: "shop" } as const;

  test("a restart should keep the container that there is", () => {
    assert.deepEqual(sentences(restart, synced), ["stop shop-web", "start shop-web", wait]);
  });

  for (const intent of [start, repair]) {
    test(`a ${intent.kind} should start the container that there is`, () => {
      const observed = new Map([["web", [aContainer(web, { running: false })]]]);
      assert.deepEqual(sentences(intent, { ...synced, observed }), ["start shop-web", wait]);
    });
  }

  test("they should do so where nobody knows any more what it was made from", () => {
    const routed = { ...web2, routes: [{ name: "", port: 80, mode: "l7", hostname: "" } as const] };
    const fields = { ...synced, registered: registered([routed]), revisions: [] };
    assert.deepEqual(sentences(restart, fields), ["stop shop-web", "start shop-web", wait]);
  });

  test("where its container is gone, a start should create what was deployed last, and leave it declared anew", () => {
    const gone = { ...synced, observed: new Map() };
    const [component] = registered([web2]).components;
    assert.ok(component !== undefined);
    const recorded = (deployedSpecHash: string) => ({
      ...gone,
      registered: { ...registered([web2]), components: [{ ...component, deployedSpecHash }] },
    });
    const startedFrom = (fields: Partial<PlanInput>) => {
      const steps = plan(input(start, fields));
      const created = steps.find((step) => step.kind === "create-container");
      return [created?.spec.image, steps.findLast(({ component }) => component === "web")?.kind];
    };
    assert.deepEqual(startedFrom(recorded(containerHash(web))), ["localhost/web:v1", "record-declaration"]);
    const asDeclared = ["localhost/web:v2", "record-component"];
    assert.deepEqual(startedFrom(recorded(containerHash(web2))), asDeclared, "a deploy that failed half-way");
    assert.deepEqual(startedFrom(recorded("")), asDeclared, "never deployed");
    assert.deepEqual(
      startedFrom({ ...recorded(containerHash(web)), revisions: [] }),
      asDeclared,
      "forgotten",
    );
  });

  test("what has lost its process should come back as the version that it was, and stay declared anew", () => {
    const observed = new Map([["web", [aContainer(web, { lost: true, running: false })]]]);
    const steps = plan(input(repair, { ...synced, observed }));
    const created = steps.find((step) => step.kind === "create-container");
    assert.equal(created?.spec.image, "localhost/web:v1");
    const last = steps.at(-1);
    assert.equal(last?.kind === "record-declaration" && last.spec.image, "localhost/web:v2");
  });

  test("a deploy should replace the container, name what changes, and store a revision", () => {
    const spec = aService([web2]);
    const intent = { kind: "deploy", spec, component: "", recreate: false } as const;
    const given = input(intent, synced);
    const steps = plan(given);
    const kinds = new Set<StepKind>(steps.map(({ kind }) => kind));
    assert.deepEqual(
      [kinds.has("create-container"), kinds.has("record-component"), kinds.has("record-revision")],
      [true, true, true],
    );
    assert.deepEqual(planChanges(steps, spec, [web], given), [
      {
        component: "web",
        action: "replace",
        fields: [{ field: "image", before: "localhost/web:v1", after: "localhost/web:v2" }],
      },
    ]);
  });
});

describe("a purge", () => {
  const purge = { kind: "purge", service: "shop", components: ["web"] } as const;

  test("should check that nothing runs, remove what is left, and forget it with the emptied service", () => {
    const observed = new Map([["web", [aContainer(web, { running: false })]]]);
    assert.deepEqual(sentences(purge, { registered: registered([web]), observed }), [
      "check that shop/web does not run",
      "remove shop-web",
      "remove shop/web from the registry",
      "remove shop from the registry",
    ]);
  });

  test("should keep a service that has other components", () => {
    assert.deepEqual(sentences(purge, { registered: registered([web, api]), observed: runs(api) }), [
      "check that shop/web does not run",
      "remove shop/web from the registry",
    ]);
  });

  test("should keep an emptied service that is still declared", () => {
    const intent = { ...purge, keepService: true };
    assert.deepEqual(sentences(intent, { registered: registered([web]) }), [
      "check that shop/web does not run",
      "remove shop/web from the registry",
    ]);
  });

  test("should never stop or kill anything, not even what has just been started", () => {
    const steps = plan(input(purge, { registered: registered([web]), observed: runs(web) }));
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      ["check-stopped", "remove-container", "forget-component", "forget-service"],
    );
    const removal = steps.find((step) => step.kind === "remove-container");
    assert.equal(removal?.unlessRunning, true);
  });

  test("should have nothing left to do for what is gone already, but the service", () => {
    assert.deepEqual(sentences(purge, { resumed: true }), ["remove shop from the registry"]);
    assert.deepEqual(sentences(purge, { registered: registered([api]), observed: runs(api) }), []);
  });
});

const wait = "wait until shop-web has run for 3 s";

test("blocked is what somebody else's container has the name of, and is not recorded", () => {
  const declared = aService([api, web]);
  const names = (taken: string[], recorded: ComponentSpec[]) =>
    blockedComponents(declared, { registered: registered(recorded), taken: new Set(taken) }).map(
      ({ name }) => name,
    );
  assert.deepEqual(names(["api", "web"], []), ["api", "web"]);
  assert.deepEqual(names(["api", "web"], [api]), ["web"]);
  assert.deepEqual(names(["api", "web"], [api, web]), []);
  assert.deepEqual(names(["web"], [api]), ["web"]);
  assert.deepEqual(blockedComponents(declared, { registered: undefined, taken: new Set(["api"]) }), [api]);
});
