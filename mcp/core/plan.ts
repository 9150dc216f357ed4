import type { HostPorts, ObservedContainer } from "./observed.ts";
import { adoptContainer } from "./plan-adopt.ts";
import type { EdgeInput } from "./edge/edge-input.ts";
import { type EdgePlanner, withoutRepeated } from "./edge/edge-planner.ts";
import { isHeldByRoutes, keepEdge, planEdgeOf } from "./edge/of-intent.ts";
import { type Intent, serviceOf } from "./intent.ts";
import { planContainers, type ContainerTarget } from "./plan-component.ts";
import { purgeComponent } from "./plan-purge.ts";
import { isChange, type OutdatedImages, prepared } from "./plan-preparation.ts";
import { type KeptImages, startedTogether, startedVersion, planStart } from "./plan-start.ts";
import { blockedComponents, syncComponents } from "./plan-sync.ts";
import type { RegisteredComponent, RegisteredService } from "./registered.ts";
import { componentHash, containerHash, serviceHash } from "./spec-hash.ts";
import type { ComponentSpec, ServiceSpec } from "./spec.ts";
import type { Step } from "./step.ts";

/** Everything a plan depends on. */
export interface PlanInput extends OutdatedImages, KeptImages {
  readonly intent: Intent;
  readonly operationId: string;
  /** When the operation began. */
  readonly startedAtMs: number;
  readonly registered: RegisteredService | undefined;
  /** Containers by component, also of components that the registry does not know. */
  readonly observed: ReadonlyMap<string, readonly ObservedContainer[]>;
  /** Local image id by reference. */
  readonly imageIds: ReadonlyMap<string, string>;
  /** By component, a free port for each route. */
  readonly freshPorts: ReadonlyMap<string, HostPorts>;
  /** An earlier attempt, which a crash cut off, may have done part of it. */
  readonly resumed: boolean;
  /** `serviceHash` of the newest revision; empty when there is none. */
  readonly newestRevisionHash: string;
  /** Of stored revisions, newest first: as many as are needed to know what the containers were made from. */
  readonly revisions: readonly ServiceSpec[];
  /** Declared components whose container name somebody else's container has. */
  readonly taken: ReadonlySet<string>;
  /** Undefined: the agent looks after none. */
  readonly edge?: EdgeInput | undefined;
}

/** Steps that lead from what is registered and observed to what is intended, in the order of execution:
 * first all that cannot hurt, then component by component, last the service as a whole. None when nothing
 * has to change. Pure. */
export function plan(input: PlanInput): Step[] {
  const groups = componentPlans(input, planEdgeOf(input));
  const steps = input.intent.kind === "repair" ? startedTogether(groups) : groups.flat();
  const namesFirst = input.edge?.settings.certificates?.challenge === "http-01";
  return [
    ...prepared(withoutRepeated(steps), { ...input, namesFirst }),
    ...servicePlan(input, steps.some(isChange)),
  ];
}

function componentPlans(input: PlanInput, edge: EdgePlanner): Step[][] {
  const { intent } = input;
  switch (intent.kind) {
    case "deploy":
    case "rollback":
      return [
        ...selected(intent.spec.components, intent.component).map((spec) =>
          deployComponent(input, edge, spec, intent),
        ),
        ...(intent.component === "" ? surplus(input, edge, intent.spec) : []),
      ];
    case "start":
      return registeredOf(input).map((component) => startComponent(input, edge, component, undefined));
    case "restart":
      return chosen(input, intent.component).map((component) =>
        startComponent(input, edge, component, input.startedAtMs),
      );
    case "stop":
      return registeredOf(input).map((component) => [
        ...recordDesired(component, "stopped"),
        ...edge.stopped(
          component.spec.name,
          containers(input, component.spec.name, { want: "stopped" }),
          false,
        ),
      ]);
    case "undeploy":
      return componentNames(input).map((name) => removeComponent(input, edge, name));
    case "purge":
      return intent.components.map((name) => {
        const steps = purgeComponent(name, input.observed.get(name) ?? [], isRegistered(input, name));
        return edge.stopped(name, steps, true);
      });
    case "repair":
      return chosen(input, intent.component)
        .filter(({ spec }) => intent.except?.includes(spec.name) !== true)
        .map((component) => repairComponent(input, edge, component));
    case "brake":
      return chosen(input, intent.component).map(({ spec }) =>
        containers(input, spec.name, { want: "stopped" }),
      );
    case "sync":
      return syncComponents(intent.declared, input, (name) =>
        edge.stopped(name, isAtRest(input, name) ? [] : containers(input, name, { want: "stopped" }), false),
      );
    case "edge":
      return componentNames(input).map((name) => keepEdge(input, intent, edge, name));
    case "adopt":
      return intent.containers.map((container) =>
        adoptContainer(container, input.observed.get(container.spec.name) ?? []),
      );
  }
}

function servicePlan(input: PlanInput, changed: boolean): Step[] {
  const { intent, registered } = input;
  switch (intent.kind) {
    case "deploy":
    case "rollback":
      return [...recordDeployed(intent, registered), ...storeRevision(intent, input, changed)];
    case "start":
    case "restart":
    case "stop":
      return registered === undefined ? [] : recordActive(registered, intent.kind !== "stop");
    case "undeploy":
      return [{ kind: "forget-service", component: "" }];
    case "purge":
      return forgetEmptied(intent, input);
    case "repair":
    case "brake":
    case "edge":
      return [];
    case "sync":
      return recordDeclaredService(intent.declared, input);
    case "adopt":
      return changed || input.resumed ? [{ kind: "record-revision", component: "" }] : [];
  }
}

type DeployIntent = Extract<Intent, { kind: "deploy" | "rollback" }>;

function recordDeployed({ spec, component }: DeployIntent, registered: PlanInput["registered"]): Step[] {
  // One component that should be stopped does not make the service inactive.
  const active = spec.active || (component !== "" && registered?.active === true);
  return recordService(registered, { active, reconcile: spec.reconcile });
}

function storeRevision(
  { spec }: DeployIntent,
  { newestRevisionHash, resumed }: PlanInput,
  changed: boolean,
): Step[] {
  const isStored = !changed && !resumed && newestRevisionHash === serviceHash(spec);
  return isStored ? [] : [{ kind: "record-revision", component: "" }];
}

type PurgeIntent = Extract<Intent, { kind: "purge" }>;

function forgetEmptied({ components: purged, keepService }: PurgeIntent, input: PlanInput): Step[] {
  if (keepService === true) return [];
  const isEmptied = registeredOf(input).every(({ spec }) => purged.includes(spec.name));
  return isEmptied ? [{ kind: "forget-service", component: "", history: true }] : [];
}

function recordDeclaredService(declared: ServiceSpec, input: PlanInput): Step[] {
  const isNew = input.registered === undefined;
  const isKept = isNew && blockedComponents(declared, input).length === declared.components.length;
  return isKept ? [] : recordService(input.registered, declared);
}

function recordActive(registered: RegisteredService | undefined, active: boolean): Step[] {
  return recordService(registered, { active, reconcile: registered?.reconcile });
}

function recordService(
  registered: RegisteredService | undefined,
  { active, reconcile }: Pick<ServiceSpec, "active" | "reconcile">,
): Step[] {
  if (registered?.active === active && registered.reconcile === reconcile) return [];
  return [
    { kind: "record-service", component: "", active, ...(reconcile === undefined ? {} : { reconcile }) },
  ];
}

function deployComponent(
  input: PlanInput,
  edge: EdgePlanner,
  spec: ComponentSpec,
  { spec: { active }, recreate }: DeployIntent,
): Step[] {
  const { name } = spec;
  const desired = active ? "running" : "stopped";
  const recorded = input.registered?.components.find((component) => component.spec.name === name);
  const steps = active
    ? containers(input, name, runningTarget(input, spec, recorded, recreate))
    : containers(input, name, { want: "stopped", specHash: containerHash(spec) });
  const known = recorded?.desired === desired && componentHash(recorded.spec) === componentHash(spec);
  const record: Step[] =
    known && steps.length === 0 ? [] : [{ kind: "record-component", component: name, spec, desired }];
  return active
    ? edge.running(spec, [...steps, ...record])
    : [...edge.stopped(name, steps, false), ...record];
}

function startComponent(
  input: PlanInput,
  edge: EdgePlanner,
  component: RegisteredComponent,
  startedSinceMs: number | undefined,
): Step[] {
  const { spec } = startedVersion(input, component);
  const steps = planStart(input, component, startedSinceMs);
  return [...recordDesired(component, "running"), ...edge.running(spec, steps)];
}

function repairComponent(input: PlanInput, edge: EdgePlanner, component: RegisteredComponent): Step[] {
  switch (component.desired) {
    case "running":
      return startComponent(input, edge, component, undefined);
    case "stopped":
      return edge.stopped(
        component.spec.name,
        containers(input, component.spec.name, { want: "stopped" }),
        false,
      );
    case "ignore":
      return [];
  }
}

function removeComponent(input: PlanInput, edge: EdgePlanner, name: string): Step[] {
  const steps: Step[] = [
    ...containers(input, name, { want: "absent" }),
    ...(isRegistered(input, name) ? [{ kind: "forget-component", component: name } as const] : []),
  ];
  return edge.stopped(name, steps, true);
}

function surplus(input: PlanInput, edge: EdgePlanner, spec: ServiceSpec): Step[][] {
  const declared = new Set(spec.components.map((component) => component.name));
  const undeclared = componentNames(input).filter((name) => !declared.has(name));
  return undeclared.map((name) => removeComponent(input, edge, name));
}

function runningTarget(
  input: PlanInput,
  spec: ComponentSpec,
  recorded: RegisteredComponent | undefined,
  recreate: boolean,
): ContainerTarget {
  return {
    want: "running",
    spec,
    specHash: containerHash(spec),
    imageId: input.imageIds.get(spec.image),
    image: input.keptImages?.get(spec.name),
    freshPorts: input.freshPorts.get(spec.name) ?? {},
    recordedPorts: recorded?.hostPorts ?? {},
    createdBy: recreate ? input.operationId : undefined,
    keepPorts: isHeldByRoutes(input, spec.name),
  };
}

function recordDesired(component: RegisteredComponent, desired: "running" | "stopped"): Step[] {
  if (component.desired === desired) return [];
  return [{ kind: "record-desired-state", component: component.spec.name, desired }];
}

function containers(input: PlanInput, component: string, target: ContainerTarget): Step[] {
  return planContainers(component, target, input.observed.get(component) ?? []);
}

function selected(components: readonly ComponentSpec[], only: string): readonly ComponentSpec[] {
  return only === "" ? components : components.filter((component) => component.name === only);
}

function chosen(input: PlanInput, only: string): readonly RegisteredComponent[] {
  return registeredOf(input).filter(({ spec }) => only === "" || spec.name === only);
}

function registeredOf(input: PlanInput): readonly RegisteredComponent[] {
  return input.registered?.components ?? [];
}

/** It was stopped for good, so the runtime does not start it again either. An attempt that a crash cut off may have
 * written that down and not yet done it. */
function isAtRest(input: PlanInput, name: string): boolean {
  if (input.resumed) return false;
  const isStopped = registeredOf(input).some(
    ({ spec, desired }) => spec.name === name && desired === "stopped",
  );
  return isStopped && (input.observed.get(name) ?? []).every(({ running }) => !running);
}

function isRegistered(input: PlanInput, name: string): boolean {
  return registeredOf(input).some(({ spec }) => spec.name === name);
}

function componentNames(input: PlanInput): string[] {
  const registered = registeredOf(input).map((component) => component.spec.name);
  const service = serviceOf(input.intent);
  const effects = (input.edge?.effects ?? []).filter((effect) => effect.service === service);
  const withEffects = effects.map(({ component }) => component);
  return [...new Set([...registered, ...input.observed.keys(), ...withEffects])];
}
