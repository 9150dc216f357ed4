import { type Intent, serviceOf } from "../intent.ts";
import type { ObservedContainer } from "../observed.ts";
import { startedVersion } from "../plan-start.ts";
import type { RegisteredComponent, RegisteredService } from "../registered.ts";
import type { ComponentSpec, ServiceSpec } from "../spec.ts";
import type { Step } from "../step.ts";
import { isAlive } from "./alive-backend.ts";
import { createEdgePlanner, type EdgePlanner } from "./edge-planner.ts";
import type { EdgeInput, EdgeSettings } from "./edge-input.ts";
import type { EdgeEffect } from "./effect.ts";
import { type Wanted, wantedBefore, wantedBy } from "./wanted.ts";

/** What the edge of an operation depends on. */
interface PlanInput {
  readonly intent: Intent;
  readonly registered: RegisteredService | undefined;
  readonly observed: ReadonlyMap<string, readonly ObservedContainer[]>;
  readonly revisions: readonly ServiceSpec[];
  readonly edge?: EdgeInput | undefined;
}

/** The planner of the edge for an operation: it knows what runs when that has ended. */
export function planEdgeOf(input: PlanInput): EdgePlanner {
  const { edge, observed, registered, intent } = input;
  return createEdgePlanner({
    service: serviceOf(intent),
    edge,
    observed,
    registered: (registered?.components ?? []).map(({ spec }) => spec),
    wanted: edge === undefined ? new Map() : wantedAfter(input, edge.settings),
  });
}

/** Brings the edge of one component to what was last asked for. What should run and does not keeps what it has, so
 * that it is found again when it is back. */
export function keepEdge(
  input: PlanInput,
  { withoutCertificates }: Extract<Intent, { kind: "edge" }>,
  edge: EdgePlanner,
  name: string,
): Step[] {
  const component = input.registered?.components.find(({ spec }) => spec.name === name);
  if (component?.desired !== "running") return edge.stopped(name, [], false);
  const current = input.observed.get(name)?.find(({ slot, lost }) => slot === "current" && !lost);
  const runs = current?.running === true && current.stopping !== true;
  const steps = edge.running(component.spec, [], {
    wanted: before(input, name),
    ports: runs ? current.hostPorts : {},
  });
  return withoutCertificates === true ? steps.filter(({ kind }) => kind !== "provision-certificate") : steps;
}

/** Whether routes lead to the component's own container and nobody can move them now, as the proxy does not answer: a
 * container beside it would get no requests. */
export function isHeldByRoutes({ intent, edge, observed }: PlanInput, component: string): boolean {
  if (edge?.settings.routes === undefined || edge.routes !== undefined) return false;
  const service = serviceOf(intent);
  const current = (observed.get(component) ?? []).filter(({ slot }) => slot === "current");
  return edge.effects
    .filter((effect) => effect.kind === "route" && effect.service === service)
    .some((effect) => effect.component === component && isAlive(effect.target, current, edge.settings));
}

/** By component, what it wants once the operation has ended; those that do not run then are left out. */
function wantedAfter(input: PlanInput, settings: EdgeSettings): ReadonlyMap<string, Wanted> {
  const { intent } = input;
  const service = serviceOf(intent);
  const declared = (specs: readonly ComponentSpec[]) =>
    specs.map((spec) => [spec.name, wantedBy(service, spec, settings)] as const);
  const kept = (isKept: (component: RegisteredComponent) => boolean) =>
    (input.registered?.components ?? [])
      .filter(isKept)
      .map(({ spec: { name } }) => [name, before(input, name)] as const);
  const isRunning = ({ desired }: RegisteredComponent) => desired === "running";
  switch (intent.kind) {
    case "deploy":
    case "rollback": {
      const { others, inScope } = partsOf(intent, isRunning);
      return new Map([...kept(others), ...declared(inScope)]);
    }
    case "start":
    case "restart":
    case "repair":
      return new Map(
        declared(
          (input.registered?.components ?? [])
            .filter((each) => intent.kind === "start" || isRunning(each))
            .map((each) => startedVersion(input, each).spec),
        ),
      );
    case "purge":
      return new Map(kept((each) => !intent.components.includes(each.spec.name) && isRunning(each)));
    case "sync":
      return new Map(intent.declared.active ? kept(isRunning) : []);
    case "edge":
    case "brake":
    case "adopt":
      return new Map(kept(isRunning));
    case "stop":
    case "undeploy":
      return new Map();
  }
}

/** Which components an operation leaves as they are, and which it makes run. */
function partsOf(
  { spec, component }: Extract<Intent, { kind: "deploy" | "rollback" }>,
  isRunning: (component: RegisteredComponent) => boolean,
) {
  const isAll = component === "";
  return {
    others: (each: RegisteredComponent) => !isAll && each.spec.name !== component && isRunning(each),
    inScope: spec.active ? spec.components.filter(({ name }) => isAll || name === component) : [],
  };
}

function before({ edge, intent }: PlanInput, component: string): Wanted {
  const service = serviceOf(intent);
  const own = (effect: EdgeEffect) => effect.service === service && effect.component === component;
  return edge === undefined
    ? { routes: [], certificates: [], names: [] }
    : wantedBefore(edge.effects.filter(own), edge.settings);
}
