import type { HostPorts, ObservedContainer, Slot } from "./observed.ts";
import type { ComponentSpec, HealthSpec } from "./spec.ts";
import type { Step } from "./step.ts";

/** What a component's containers should become. */
export type ContainerTarget =
  /** One running container of this version, under its own name. */
  | {
      readonly want: "running";
      readonly spec: ComponentSpec;
      readonly specHash: string;
      /** Image that the reference stands for now; undefined: any will do. */
      readonly imageId?: string | undefined;
      /** What a new container is made from in place of what the reference stands for. */
      readonly image?: string | undefined;
      /** Ports for a container that must not share those of the one it replaces. */
      readonly freshPorts: HostPorts;
      /** Ports the component had last. */
      readonly recordedPorts: HostPorts;
      /** The ports the component had will not do. */
      readonly renewPorts?: boolean | undefined;
      /** Nothing can lead anybody to other ports than those of the container that runs. */
      readonly keepPorts?: boolean | undefined;
      /** Only a container that this operation created will do. */
      readonly createdBy?: string | undefined;
      /** A container started before this moment is started again. */
      readonly startedSinceMs?: number | undefined;
    }
  /** Nothing runs. With `specHash`, a container of another version is removed. */
  | { readonly want: "stopped"; readonly specHash?: string | undefined }
  /** This container under the component's own name, and no other. */
  | {
      readonly want: "restored";
      readonly id: string;
      readonly running: boolean;
      readonly health: HealthSpec;
      readonly firstRoute: string;
    }
  | { readonly want: "absent" };

type RunningTarget = Extract<ContainerTarget, { want: "running" }>;
type RestoredTarget = Extract<ContainerTarget, { want: "restored" }>;
type Slots = Readonly<Record<Slot, ObservedContainer | undefined>>;

/** Steps that lead a component's containers from what was observed to the target; none when they are there
 * already. Pure: the same input gives the same steps. */
export function planContainers(
  component: string,
  target: ContainerTarget,
  observed: readonly ObservedContainer[],
): Step[] {
  const lost = observed.filter((container) => container.lost);
  const slots = bySlot(observed.filter((container) => !container.lost));
  return [
    ...lost.flatMap((container) => discard(component, container)),
    ...planSlots(component, target, slots),
  ];
}

function planSlots(component: string, target: ContainerTarget, slots: Slots): Step[] {
  switch (target.want) {
    case "running":
      return planRunning(component, target, slots);
    case "stopped":
      return planStopped(component, target.specHash, slots);
    case "restored":
      return planRestored(component, target, slots);
    case "absent":
      return allSlots.flatMap((slot) => discard(component, slots[slot]));
  }
}

/** True where the new container may run beside the old one: nothing that only one of them can hold. */
export function startsFirst(spec: ComponentSpec): boolean {
  if (spec.update !== "auto") return spec.update === "start-first";
  const hostNetwork = spec.network === "host";
  return spec.ports.length === 0 && !hostNetwork && spec.volumes.every(isReadOnly);
}

const allSlots = ["next", "previous", "current"] as const satisfies readonly Slot[];

function bySlot(observed: readonly ObservedContainer[]): Slots {
  return {
    current: observed.find((container) => container.slot === "current"),
    next: observed.find((container) => container.slot === "next"),
    previous: observed.find((container) => container.slot === "previous"),
  };
}

function isReadOnly(volume: string): boolean {
  return (volume.split(":")[2] ?? "").split(",").includes("ro");
}

function planRunning(component: string, target: RunningTarget, slots: Slots): Step[] {
  const { current, next, previous } = slots;
  if (current !== undefined && isVersion(current, target)) {
    return [
      ...discard(component, next),
      ...bringUp(component, target, current, previous !== undefined),
      ...discard(component, previous),
    ];
  }
  if (next !== undefined && isVersion(next, target) && target.keepPorts !== true) {
    return [
      ...bringUp(component, target, next, true),
      ...discard(component, current),
      { kind: "rename-container", component, from: "next", to: "current" },
      ...discard(component, previous),
    ];
  }
  return [...discard(component, next), ...planReplacement(component, target, { current, previous })];
}

/** No container of the wanted version exists. A container in slot `previous` was running when an earlier
 * replacement began, so it is kept as long as nothing better runs. */
function planReplacement(
  component: string,
  target: RunningTarget,
  { current, previous }: Pick<Slots, "current" | "previous">,
): Step[] {
  if (current === undefined) {
    return [...createAndStart(component, target, "current", previous), ...discard(component, previous)];
  }
  if (previous !== undefined) {
    const [worse, better] = current.running ? [previous, current] : [current, previous];
    return [
      ...discard(component, worse),
      ...planReplacement(component, target, {
        current: better === current ? current : undefined,
        previous: better === previous ? previous : undefined,
      }),
    ];
  }
  if (current.running && startsFirst(target.spec) && target.keepPorts !== true) {
    return [
      ...createAndStart(component, target, "next", undefined),
      { kind: "stop-container", component, slot: "current" },
      { kind: "remove-container", component, slot: "current" },
      { kind: "rename-container", component, from: "next", to: "current" },
    ];
  }
  return [
    ...keepStopped(component, current),
    { kind: "rename-container", component, from: "current", to: "previous" },
    ...createAndStart(component, target, "current", current),
    { kind: "remove-container", component, slot: "previous" },
  ];
}

function createAndStart(
  component: string,
  target: RunningTarget,
  slot: Slot,
  replaced: ObservedContainer | undefined,
): Step[] {
  const recorded = replaced?.hostPorts ?? target.recordedPorts;
  const hostPorts = choosePorts(target, slot === "next" || target.renewPorts === true ? {} : recorded);
  return [
    {
      kind: "create-container",
      component,
      slot,
      spec: target.spec,
      specHash: target.specHash,
      ...(target.image === undefined ? {} : { image: target.image }),
      hostPorts,
    },
    { kind: "start-container", component, slot },
    awaitHealthy(component, slot, target.spec, hostPorts),
  ];
}

/** A port that the component already had stays its own where it can. */
function choosePorts(target: RunningTarget, kept: HostPorts): HostPorts {
  return Object.fromEntries(
    target.spec.routes.flatMap(({ name }) => {
      const port = kept[name] ?? target.freshPorts[name];
      return port === undefined ? [] : [[name, port]];
    }),
  );
}

function bringUp(
  component: string,
  target: RunningTarget,
  container: ObservedContainer,
  verify: boolean,
): Step[] {
  const { slot } = container;
  const healthy = awaitHealthy(component, slot, target.spec, container.hostPorts);
  const stale = container.startedAtMs < (target.startedSinceMs ?? 0);
  if (container.running && container.stopping !== true && !stale) return verify ? [healthy] : [];
  return [...halt(component, container), { kind: "start-container", component, slot }, healthy];
}

function planStopped(component: string, specHash: string | undefined, slots: Slots): Step[] {
  const { current, next, previous } = slots;
  const outdated = specHash !== undefined && current !== undefined && current.specHash !== specHash;
  const leftovers = [...discard(component, next), ...discard(component, previous)];
  if (current === undefined) return leftovers;
  return [...leftovers, ...(outdated ? discard(component, current) : keepStopped(component, current))];
}

/** Where the container to go back to is gone there is nothing better than what is left. */
function planRestored(component: string, target: RestoredTarget, slots: Slots): Step[] {
  const all = allSlots.map((slot) => slots[slot]);
  const wanted = all.find((container) => container?.id === target.id);
  if (wanted === undefined) return [];
  const others = all.filter((container) => container !== wanted);
  const discarded = others.flatMap((container) => discard(component, container));
  const staysUp = wanted.running && wanted.stopping !== true;
  const halted = target.running && staysUp ? [] : halt(component, wanted);
  const started = target.running && !staysUp ? restart(component, target, wanted) : [];
  // Beside its replacement it can be started before that one goes; under another name it cannot.
  if (wanted.slot === "current") return [...halted, ...started, ...discarded];
  return [
    ...discarded,
    ...halted,
    { kind: "rename-container", component, from: wanted.slot, to: "current" },
    ...started,
  ];
}

function restart(component: string, target: RestoredTarget, { hostPorts }: ObservedContainer): Step[] {
  const { health, firstRoute } = target;
  return [
    { kind: "start-container", component, slot: "current" },
    { kind: "await-healthy", component, slot: "current", health, hostPorts, firstRoute },
  ];
}

function isVersion(container: ObservedContainer, target: RunningTarget): boolean {
  return (
    container.specHash === target.specHash &&
    target.spec.routes.every((route) => container.hostPorts[route.name] !== undefined) &&
    (target.imageId === undefined || container.imageId === target.imageId) &&
    (target.createdBy === undefined || container.createdBy === target.createdBy)
  );
}

function awaitHealthy(component: string, slot: Slot, spec: ComponentSpec, hostPorts: HostPorts): Step {
  const firstRoute = spec.routes[0]?.name ?? "";
  return { kind: "await-healthy", component, slot, health: spec.health, hostPorts, firstRoute };
}

function halt(component: string, container: ObservedContainer): Step[] {
  return container.running ? [{ kind: "stop-container", component, slot: container.slot }] : [];
}

/** As `halt`, also where the runtime is about to start it again. */
function keepStopped(component: string, container: ObservedContainer): Step[] {
  return halt(component, { ...container, running: container.running || container.restarting === true });
}

function discard(component: string, container: ObservedContainer | undefined): Step[] {
  if (container === undefined) return [];
  return [...halt(component, container), { kind: "remove-container", component, slot: container.slot }];
}
