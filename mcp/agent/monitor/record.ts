import type { ComponentObservation, Findings } from "@metacircular/mcp-core/observe.ts";
import type { ForeignContainer } from "@metacircular/mcp-core/observe-foreign.ts";
import { defaultHealth, type ObservedState } from "@metacircular/mcp-core/spec.ts";
import type { ObservationSource } from "../registry/component-record.ts";
import type { Registry } from "../registry/registry.ts";

/** A change of a component's state. */
export interface Transition {
  readonly previous: ObservedState;
  readonly next: ObservedState;
}

/** What was observed of a component, as it is now recorded. */
export interface RecordedObservation extends ComponentObservation {
  /** An operation was at work on its service: whatever changed is our own doing. */
  readonly ours: boolean;
  /** In order; empty where nothing changed. */
  readonly transitions: readonly Transition[];
}

/** Position of entries that no definition orders. */
const afterDeclared = 1_000;

/** Writes what a listing showed into the registry, all of it or nothing. */
export function recordFindings(
  registry: Registry,
  findings: Findings,
  context: { atMs: number; from: ObservationSource; ours: (service: string) => boolean },
): RecordedObservation[] {
  return registry.transaction(() => {
    const known = findings.observations.map((observation) => recorded(observation, context.ours));
    for (const foreign of findings.appeared) enter(registry, foreign);
    const fresh = findings.appeared.filter((foreign) => !foreign.known).map(firstSight);
    const observations = [...known, ...fresh];
    for (const observation of observations) write(registry, observation, context);
    for (const { service, component } of findings.vanished) remove(registry, service, component);
    return observations;
  });
}

function recorded(
  observation: ComponentObservation,
  isOurs: (service: string) => boolean,
): RecordedObservation {
  const ours = isOurs(observation.service);
  return { ...observation, ours, transitions: transitionsOf(observation, ours) };
}

/** Losing sight of a component is no change of it. A run that ended and was followed by another between two
 * listings is two, unless we replaced the container ourselves. */
function transitionsOf({ previous, state, restarted }: ComponentObservation, ours: boolean): Transition[] {
  if (state === "unknown") return [];
  if (state !== previous) return [{ previous, next: state }];
  if (!restarted || ours) return [];
  return [
    { previous: "running", next: "exited" },
    { previous: "exited", next: "running" },
  ];
}

function write(
  registry: Registry,
  {
    service,
    component,
    state,
    processGone,
    exitCode,
    startedAtMs,
    specHash,
    transitions,
  }: RecordedObservation,
  { atMs, from }: { atMs: number; from: ObservationSource },
): void {
  registry.components.setObserved(service, component, {
    state,
    atMs,
    from: processGone ? "process" : from,
    exitCode,
    startedAtMs,
    specHash,
  });
  for (const { previous, next } of transitions) {
    registry.events.append({ service, component, previous, next, atMs });
  }
}

/** Enters a container that MCP does not manage, and the service it seems to belong to where there is none. */
function enter(registry: Registry, foreign: ForeignContainer): void {
  const { service, component, image, version, network, ports } = foreign;
  if (registry.services.isActive(service) === undefined) registry.services.record(service, false);
  registry.components.record({
    service,
    position: afterDeclared,
    desired: "ignore",
    version,
    imageDigest: "",
    hostPorts: {},
    spec: {
      name: component,
      image,
      network,
      ports,
      user: "",
      restart: "no",
      volumes: [],
      cmd: [],
      env: [],
      routes: [],
      health: defaultHealth,
      update: "auto",
    },
  });
}

function firstSight(foreign: ForeignContainer): RecordedObservation {
  const { service, component, state, exitCode, startedAtMs, pid, processGone } = foreign;
  return {
    service,
    component,
    desired: "ignore",
    previous: "unknown",
    state,
    exitCode,
    startedAtMs,
    pid,
    processGone,
    specHash: "",
    restarted: false,
    ours: false,
    transitions: state === "unknown" ? [] : [{ previous: "unknown", next: state }],
  };
}

function remove(registry: Registry, service: string, component: string): void {
  registry.components.forget(service, component);
  if (registry.components.ofService(service).length === 0) registry.services.forget(service);
}
