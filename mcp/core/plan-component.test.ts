import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { ObservedContainer, Slot } from "./observed.ts";
import { planContainers, startsFirst, type ContainerTarget } from "./plan-component.ts";
import { containerHash } from "./spec-hash.ts";
import { aComponent } from "@metacircular/testkit/specs.ts";
import type { Step } from "./step.ts";

const spec = aComponent({ name: "api", image: "localhost/api:v2", update: "stop-first" });
const startFirst = aComponent({ ...spec, update: "start-first" });
const newHash = containerHash(spec);
const oldHash = "0ld";

function aContainer(slot: Slot, fields: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: `id-${slot}`,
    slot,
    running: true,
    lost: false,
    specHash: newHash,
    imageId: "image",
    createdBy: "operation",
    startedAtMs: 1_000,
    hostPorts: {},
    ...fields,
  };
}

function running(fields: Partial<Extract<ContainerTarget, { want: "running" }>> = {}): ContainerTarget {
  return { want: "running", spec, specHash: newHash, freshPorts: {}, recordedPorts: {}, ...fields };
}

function kinds(steps: readonly Step[]): string[] {
  return steps.map((step) => {
    if (step.kind === "rename-container") return `rename ${step.from} ${step.to}`;
    return "slot" in step ? `${step.kind.split("-")[0]} ${step.slot}` : step.kind;
  });
}

describe("the plan for one component", () => {
  const cases: {
    title: string;
    target: ContainerTarget;
    observed: ObservedContainer[];
    expected: string[];
  }[] = [
    {
      title: "should do nothing when the wanted version runs",
      target: running(),
      observed: [aContainer("current")],
      expected: [],
    },
    {
      title: "should create where there is nothing",
      target: running(),
      observed: [],
      expected: ["create current", "start current", "await current"],
    },
    {
      title: "should keep the old container until the new one is healthy, stop first",
      target: running(),
      observed: [aContainer("current", { specHash: oldHash })],
      expected: [
        "stop current",
        "rename current previous",
        "create current",
        "start current",
        "await current",
        "remove previous",
      ],
    },
    {
      title: "should run the new container beside the old one, start first",
      target: running({ spec: startFirst }),
      observed: [aContainer("current", { specHash: oldHash })],
      expected: [
        "create next",
        "start next",
        "await next",
        "stop current",
        "remove current",
        "rename next current",
      ],
    },
    {
      title: "should go on after a crash between removing the old container and renaming the new one",
      target: running({ spec: startFirst }),
      observed: [aContainer("next")],
      expected: ["await next", "rename next current"],
    },
    {
      title: "should go on after a crash between renaming the old container and creating the new one",
      target: running(),
      observed: [aContainer("previous", { specHash: oldHash, running: false })],
      expected: ["create current", "start current", "await current", "remove previous"],
    },
    {
      title: "should replace a container whose tag now stands for another image",
      target: running({ imageId: "rebuilt" }),
      observed: [aContainer("current")],
      expected: [
        "stop current",
        "rename current previous",
        "create current",
        "start current",
        "await current",
        "remove previous",
      ],
    },
    {
      title: "should start a container again that was started before the restart was asked for",
      target: running({ startedSinceMs: 2_000 }),
      observed: [aContainer("current")],
      expected: ["stop current", "start current", "await current"],
    },
    {
      title: "should not restart a container twice",
      target: running({ startedSinceMs: 500 }),
      observed: [aContainer("current")],
      expected: [],
    },
    {
      title: "should remove a container whose process is gone, and make a new one",
      target: running(),
      observed: [aContainer("current", { running: false, lost: true })],
      expected: ["remove current", "create current", "start current", "await current"],
    },
    {
      title: "should stop what runs",
      target: { want: "stopped" },
      observed: [aContainer("current")],
      expected: ["stop current"],
    },
    {
      title: "should not keep a stopped container of another version",
      target: { want: "stopped", specHash: newHash },
      observed: [aContainer("current", { specHash: oldHash })],
      expected: ["stop current", "remove current"],
    },
    {
      title: "should leave nothing behind when a component is absent",
      target: { want: "absent" },
      observed: [aContainer("current"), aContainer("previous", { running: false })],
      expected: ["remove previous", "stop current", "remove current"],
    },
    {
      title: "should bring the previous container back under its name and start it",
      target: restored("id-previous"),
      observed: [aContainer("current"), aContainer("previous", { running: false })],
      expected: [
        "stop current",
        "remove current",
        "rename previous current",
        "start current",
        "await current",
      ],
    },
    {
      title: "should start the old container before it removes one that runs beside it",
      target: restored("id-current"),
      observed: [aContainer("current", { running: false }), aContainer("next")],
      expected: ["start current", "await current", "stop next", "remove next"],
    },
    {
      title: "should touch nothing when the container to go back to is gone",
      target: restored("gone"),
      observed: [aContainer("current")],
      expected: [],
    },
  ];
  for (const { title, target, observed, expected } of cases) {
    test(title, () => assert.deepEqual(kinds(planContainers("api", target, observed)), expected));
  }

  test("should keep the ports of the container it replaces stop first, and take fresh ones start first", () => {
    const routes = [{ name: "rest", port: 443, mode: "l7", hostname: "" }] as const;
    const observed = [aContainer("current", { specHash: oldHash, hostPorts: { rest: 20_000 } })];
    const ports = (update: "start-first" | "stop-first") =>
      planContainers(
        "api",
        running({ spec: aComponent({ ...spec, routes, update }), freshPorts: { rest: 30_000 } }),
        observed,
      ).flatMap((step) => (step.kind === "create-container" ? [step.hostPorts] : []));
    assert.deepEqual(ports("stop-first"), [{ rest: 20_000 }]);
    assert.deepEqual(ports("start-first"), [{ rest: 30_000 }]);
  });
});

function restored(id: string): ContainerTarget {
  return { want: "restored", id, running: true, health: spec.health, firstRoute: "" };
}

describe("auto update", () => {
  const cases = [
    { title: "starts first with nothing to share", component: {}, expected: true },
    { title: "stops first with a fixed host port", component: { ports: ["8080:80"] }, expected: false },
    { title: "stops first with a writable volume", component: { volumes: ["/srv/a:/a"] }, expected: false },
    {
      title: "starts first with a read-only volume",
      component: { volumes: ["/srv/a:/a:ro"] },
      expected: true,
    },
    { title: "stops first on the host's network", component: { network: "host" }, expected: false },
  ];
  for (const { title, component, expected } of cases) {
    test(title, () => assert.equal(startsFirst(aComponent({ ...component, update: "auto" })), expected));
  }
});

/** Carries out one step on a model of the runtime. */
function execute(step: Step, containers: readonly ObservedContainer[]): ObservedContainer[] {
  const others = (slot: Slot) => containers.filter((container) => container.slot !== slot);
  const at = (slot: Slot) => {
    const found = containers.find((container) => container.slot === slot);
    assert.ok(found, `${step.kind} needs a container in slot ${slot}`);
    return found;
  };
  switch (step.kind) {
    case "create-container": {
      const { slot, specHash, hostPorts } = step;
      assert.ok(!containers.some((container) => container.slot === slot), "the name is free");
      return [...containers, aContainer(slot, { id: "new", running: false, specHash, hostPorts })];
    }
    case "start-container":
      return [...others(step.slot), { ...at(step.slot), running: true, stopping: false, startedAtMs: 9_000 }];
    case "stop-container":
      return [...others(step.slot), { ...at(step.slot), running: false, stopping: false }];
    case "rename-container":
      assert.ok(!containers.some((container) => container.slot === step.to), "the new name is free");
      return [...others(step.from), { ...at(step.from), slot: step.to }];
    case "remove-container":
      assert.ok(!at(step.slot).running, "only what stopped is removed");
      return others(step.slot);
    case "await-healthy":
      assert.ok(keepsRunning(at(step.slot)), "only what keeps running can be healthy");
      return [...containers];
    default:
      assert.fail(`${step.kind} is no step of a component's containers`);
  }
}

function keepsRunning(container: ObservedContainer): boolean {
  return container.running && container.stopping !== true;
}

const anyContainer = (slot: Slot) =>
  fc.option(
    fc.record({
      id: fc.constant(`id-${slot}`),
      slot: fc.constant(slot),
      running: fc.boolean(),
      stopping: fc.boolean(),
      lost: fc.constant(false),
      specHash: fc.constantFrom(newHash, oldHash, ""),
      imageId: fc.constantFrom("image", "other"),
      createdBy: fc.constantFrom("operation", ""),
      startedAtMs: fc.constantFrom(0, 1_000, 5_000),
      hostPorts: fc.constant({}),
    }),
    { nil: undefined },
  );

const anyObserved = fc
  .tuple(anyContainer("current"), anyContainer("next"), anyContainer("previous"))
  .map((containers) => containers.filter((container) => container !== undefined));

const anyTarget: fc.Arbitrary<ContainerTarget> = fc.oneof(
  fc.record({
    want: fc.constant("running" as const),
    spec: fc.constantFrom(spec, startFirst),
    specHash: fc.constant(newHash),
    imageId: fc.constantFrom(undefined, "image"),
    freshPorts: fc.constant({}),
    recordedPorts: fc.constant({}),
    createdBy: fc.constantFrom(undefined, "operation"),
    startedSinceMs: fc.constantFrom(undefined, 3_000),
  }),
  fc.record({ want: fc.constant("stopped" as const), specHash: fc.constantFrom(undefined, newHash) }),
  fc.record({
    want: fc.constant("restored" as const),
    id: fc.constantFrom("id-current", "id-next", "id-previous"),
    running: fc.boolean(),
    health: fc.constant(spec.health),
    firstRoute: fc.constant(""),
  }),
  fc.constant({ want: "absent" as const }),
);

describe("any target from any observation", () => {
  test("leads to the target, and from every state on the way, too", () => {
    fc.assert(
      fc.property(anyTarget, anyObserved, fc.nat(20), (target, observed, crashAfter) => {
        let containers: ObservedContainer[] = observed;
        for (const step of planContainers("api", target, observed).slice(0, crashAfter)) {
          containers = execute(step, containers);
        }
        for (const step of planContainers("api", target, containers)) containers = execute(step, containers);
        assert.deepEqual(kinds(planContainers("api", target, containers)), [], "a second plan is empty");
        assertReached(target, observed, containers);
      }),
      { numRuns: 20_000 },
    );
  });

  test("start first, never has fewer working containers than one on the way", () => {
    fc.assert(
      fc.property(anyObserved, (observed) => {
        fc.pre(observed.some((container) => keepsRunning(container) && container.slot === "current"));
        let containers: ObservedContainer[] = observed;
        for (const step of planContainers("api", running({ spec: startFirst }), observed)) {
          containers = execute(step, containers);
          assert.ok(containers.some(keepsRunning), `nothing runs after ${step.kind}`);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

function assertReached(
  target: ContainerTarget,
  observed: readonly ObservedContainer[],
  containers: readonly ObservedContainer[],
): void {
  switch (target.want) {
    case "running":
      assert.deepEqual(
        containers.map((container) => ({
          slot: container.slot,
          runs: keepsRunning(container),
          specHash: container.specHash,
        })),
        [{ slot: "current", runs: true, specHash: newHash }],
      );
      return;
    case "stopped":
      assert.ok(containers.every((container) => container.slot === "current" && !container.running));
      return;
    case "restored":
      if (!observed.some((container) => container.id === target.id)) return;
      assert.deepEqual(
        containers.map((container) => ({
          id: container.id,
          slot: container.slot,
          runs: keepsRunning(container),
        })),
        [{ id: target.id, slot: "current", runs: target.running }],
      );
      return;
    case "absent":
      assert.deepEqual(containers, []);
  }
}
