import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { ObservedContainer, Slot } from "./observed.ts";
import { planContainers, type ContainerTarget } from "./plan-component.ts";
import type { Step } from "./step.ts";
import { aContainer, kinds, newHash, oldHash, running, spec, startFirst } from "./test/component-plans.ts";

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
