import { aComponent } from "@metacircular/testkit/specs.ts";
import type { ObservedContainer, Slot } from "../observed.ts";
import type { ContainerTarget } from "../plan-component.ts";
import { containerHash } from "../spec-hash.ts";
import type { Step } from "../step.ts";

export const spec = aComponent({ name: "api", image: "localhost/api:v2", update: "stop-first" });
export const startFirst = aComponent({ ...spec, update: "start-first" });
export const newHash = containerHash(spec);
export const oldHash = "0ld";

export function aContainer(slot: Slot, fields: Partial<ObservedContainer> = {}): ObservedContainer {
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

export function running(
  fields: Partial<Extract<ContainerTarget, { want: "running" }>> = {},
): ContainerTarget {
  return { want: "running", spec, specHash: newHash, freshPorts: {}, recordedPorts: {}, ...fields };
}

export function kinds(steps: readonly Step[]): string[] {
  return steps.map((step) => {
    if (step.kind === "rename-container") return `rename ${step.from} ${step.to}`;
    return "slot" in step ? `${step.kind.split("-")[0]} ${step.slot}` : step.kind;
  });
}
