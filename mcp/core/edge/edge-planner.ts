import type { HostPorts, ObservedContainer } from "../observed.ts";
import { containerHash } from "../spec-hash.ts";
import { type ComponentSpec, defaultHealth, type HealthSpec } from "../spec.ts";
import type { Step, StepKind } from "../step.ts";
import type { EdgeInput } from "./edge-input.ts";
import { type EdgeEffect, type EffectKey, effectKey } from "./effect.ts";
import { isAlive } from "./alive-backend.ts";
import { planEdge } from "./plan-edge.ts";
import { nothingWanted, type Wanted, wantedBy, wantedRoutes } from "./wanted.ts";
import { drainBefore, finalPorts, weaveRunning, weaveStopped } from "./weave.ts";

/** Puts what belongs to the edge between the steps of a component's containers. Without an edge the steps stay as
 * they are. */
export interface EdgePlanner {
  /** For a component that runs in the end.
   * @param wanted what it should have at the edge; default: what it declares
   * @param ports of the container that stays; default: what the steps lead to */
  running(
    spec: ComponentSpec,
    containers: readonly Step[],
    given?: { readonly wanted?: Wanted; readonly ports?: HostPorts | undefined },
  ): Step[];
  /** For a component that runs again as it did before. */
  restored(of: RestoredComponent, containers: readonly Step[]): Step[];
  /** For a component that does not run in the end. `gone`: its certificates go, too. */
  stopped(component: string, containers: readonly Step[], gone: boolean): Step[];
}

export interface RestoredComponent {
  readonly component: string;
  /** How its container is seen to be well, and by which route where that does not say. */
  readonly health: HealthSpec;
  readonly firstRoute: string;
  readonly wanted: Wanted;
  /** Of the container that stays; undefined: what the steps lead to. */
  readonly ports: HostPorts | undefined;
}

export interface EdgePlannerInput {
  readonly service: string;
  readonly edge: EdgeInput | undefined;
  readonly observed: ReadonlyMap<string, readonly ObservedContainer[]>;
  /** As they are registered. */
  readonly registered: readonly ComponentSpec[];
  /** What each component of the service that runs in the end wants. */
  readonly wanted: ReadonlyMap<string, Wanted>;
  /** What may be taken away at all. Default: everything. */
  readonly mayRemove?: (effect: EdgeEffect) => boolean;
}

export function createEdgePlanner(input: EdgePlannerInput): EdgePlanner {
  const { service, edge, observed } = input;
  if (edge === undefined) {
    return {
      running: (_, containers) => [...containers],
      restored: (_, containers) => [...containers],
      stopped: (_, containers) => [...containers],
    };
  }
  const { settings } = edge;
  const stepsFor = (
    component: string,
    { wanted, ports, gone, moving }: { wanted: Wanted; ports: HostPorts; gone: boolean; moving: boolean },
  ) =>
    planEdge(edge, {
      service,
      component,
      wanted,
      ports,
      mayRemove: (effect) =>
        (gone || effect.kind !== "certificate") &&
        input.mayRemove?.(effect) !== false &&
        isOf(component, effect, edge, input),
      isAlive: (backend) => moving && isAlive(backend, [...observed.values()].flat(), settings),
      isNeeded: (key) => isNeeded(component, key, edge, input),
    });

  function restored(of: RestoredComponent, containers: readonly Step[]): Step[] {
    const { component, wanted, health, firstRoute } = of;
    const own = observed.get(component) ?? [];
    const ports = of.ports ?? finalPorts(containers, own);
    const isThere = own.some(({ slot, lost }) => slot === "current" && !lost);
    const moving = containers.length > 0;
    const edgeSteps = stepsFor(component, { wanted, ports, gone: true, moving });
    return weaveRunning(containers, edgeSteps, {
      // A container that is left as it is must be well before a route leads to it.
      awaitHealthy: isThere
        ? { kind: "await-healthy", component, slot: "current", health, hostPorts: ports, firstRoute }
        : undefined,
      drained: (step) =>
        drainBefore(step, { observed: own, ports, backendAddress: settings.routes?.backendAddress }),
    });
  }

  return {
    restored,
    running: (spec, containers, given = {}) =>
      restored(
        {
          component: spec.name,
          health: healthOf(spec, observed.get(spec.name) ?? []),
          firstRoute: spec.routes[0]?.name ?? "",
          wanted: given.wanted ?? wantedBy(service, spec, settings),
          ports: given.ports,
        },
        containers,
      ),
    stopped: (component, containers, gone) =>
      weaveStopped(
        containers,
        stepsFor(component, { wanted: nothingWanted, ports: {}, gone, moving: false }),
      ),
  };
}

/** What was set for the component, or for a host name that it had. */
function isOf(
  component: string,
  { service, component: owner, hostname }: EdgeEffect,
  { settings }: EdgeInput,
  input: EdgePlannerInput,
): boolean {
  if (service === input.service && owner === component) return true;
  const spec = input.registered.find(({ name }) => name === component);
  return (
    spec !== undefined &&
    wantedRoutes(input.service, spec, settings.zone).some((route) => route.hostname === hostname)
  );
}

function isNeeded(
  component: string,
  key: EffectKey,
  { others }: EdgeInput,
  { wanted }: EdgePlannerInput,
): boolean {
  const byOthers = others.some(
    ({ port, hostname }) => hostname === key.hostname && (key.kind !== "route" || port === key.port),
  );
  return byOthers || [...wanted].some(([name, edge]) => name !== component && wants(edge, key));
}

function wants({ routes, certificates, names }: Wanted, key: EffectKey): boolean {
  switch (key.kind) {
    case "route":
      return routes.some((route) => effectKey({ kind: "route", ...route }) === effectKey(key));
    case "certificate":
      return certificates.includes(key.hostname);
    case "dns":
      return names.includes(key.hostname);
  }
}

/** Nobody knows how to tell that a container of another version is well. */
function healthOf(spec: ComponentSpec, observed: readonly ObservedContainer[]): HealthSpec {
  const current = observed.find(({ slot, lost }) => slot === "current" && !lost);
  return current?.specHash === containerHash(spec) ? spec.health : defaultHealth;
}

const once: ReadonlySet<StepKind> = new Set([
  "provision-certificate",
  "set-dns",
  "remove-route",
  "remove-dns",
  "remove-certificate",
]);

/** Host names that several components share are looked after once. */
export function withoutRepeated(steps: readonly Step[]): Step[] {
  const seen = new Set<string>();
  return steps.filter((step) => {
    if (!once.has(step.kind)) return true;
    const key = JSON.stringify({ ...step, component: "" });
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}
