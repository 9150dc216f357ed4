import type { HostPorts, ObservedContainer } from "../observed.ts";
import type { Step, StepKind } from "../step.ts";
import type { EdgeSteps } from "./plan-edge.ts";

/** Puts the steps at the edge between those of a component that runs in the end: its routes lead to the new container
 * once that is healthy and before the old one goes, which is waited for to be idle; names come last.
 * @param around.awaitHealthy what is waited for where no other step does */
export function weaveRunning(
  containers: readonly Step[],
  edge: EdgeSteps,
  around: {
    readonly awaitHealthy: Step | undefined;
    /** Backends that nothing leads to any more once the routes are moved, by the container that has them. */
    readonly drained: (step: Step) => readonly Step[];
  },
): Step[] {
  const moves = [...edge.registrations, ...edge.removedRoutes];
  const healthy = containers.findLastIndex(({ kind }) => kind === "await-healthy");
  const isWaitedFor = healthy >= 0 || edge.registrations.length === 0;
  const head = containers.slice(0, healthy + 1);
  const tail = containers.slice(healthy + 1);
  const recorded = tail.findIndex(({ kind }) => recordKinds.has(kind));
  const end = recorded < 0 ? tail.length : recorded;
  return [
    ...edge.checks,
    ...edge.certificates,
    ...head,
    ...(isWaitedFor || around.awaitHealthy === undefined ? [] : [around.awaitHealthy]),
    ...moves,
    ...tail.slice(0, end).flatMap((step) => [...around.drained(step), step]),
    ...edge.setNames,
    ...edge.removedNames,
    ...edge.removedCertificates,
    ...tail.slice(end),
  ];
}

/** Nobody is led to what stops, so names and routes go before its containers, and certificates after them. */
export function weaveStopped(containers: readonly Step[], edge: EdgeSteps): Step[] {
  const first = containers.findIndex(({ kind }) => kind !== "check-stopped");
  const start = first < 0 ? containers.length : first;
  const forgotten = containers.findIndex(({ kind }) => kind === "forget-component");
  const end = forgotten < 0 ? containers.length : forgotten;
  return [
    ...containers.slice(0, start),
    ...edge.removedNames,
    ...edge.removedRoutes,
    ...containers.slice(start, end),
    ...edge.removedCertificates,
    ...containers.slice(end),
  ];
}

const recordKinds: ReadonlySet<StepKind> = new Set([
  "record-component",
  "record-declaration",
  "forget-component",
]);

/** The host ports of the container that these steps leave as the component's own. */
export function finalPorts(containers: readonly Step[], observed: readonly ObservedContainer[]): HostPorts {
  const last = containers.findLast(
    (step) => step.kind === "create-container" || step.kind === "await-healthy",
  );
  if (last !== undefined) return last.hostPorts;
  return observed.find(({ slot, lost }) => slot === "current" && !lost)?.hostPorts ?? {};
}

/** Waits for the backends of a container that is about to be stopped, but for those that go on. */
export function drainBefore(
  step: Step,
  {
    observed,
    ports,
    backendAddress,
  }: { observed: readonly ObservedContainer[]; ports: HostPorts; backendAddress: string | undefined },
): Step[] {
  if (step.kind !== "stop-container" || backendAddress === undefined) return [];
  const { component, slot } = step;
  const container = observed.find((each) => each.slot === slot && !each.lost);
  const kept = new Set(Object.values(ports));
  return Object.values(container?.hostPorts ?? {})
    .filter((port) => !kept.has(port))
    .map((port) => ({ kind: "drain-backend", component, backend: `${backendAddress}:${port}` }));
}
