import { foreignContainers, type Foreign } from "./observe-foreign.ts";
import { containerName } from "./names.ts";
import type { KnownComponent, SeenContainer } from "./observe-input.ts";
import { observedExitCode, observedState } from "./observe-state.ts";
import type { DesiredState, ObservedState } from "./spec.ts";

/** What one listing shows of one component. */
export interface ComponentObservation {
  readonly service: string;
  readonly component: string;
  readonly desired: DesiredState;
  readonly previous: ObservedState;
  readonly state: ObservedState;
  readonly exitCode: number | undefined;
  /** 0 when it does not run. */
  readonly startedAtMs: number;
  /** 0 when it does not run. */
  readonly pid: number;
  /** Hash of the specification that its container is made from; empty: there is none, or nobody knows. */
  readonly specHash: string;
  /** The process table overruled the runtime. */
  readonly processGone: boolean;
  /** Between two listings that both showed it running it ended and was started again. */
  readonly restarted: boolean;
}

/** What a listing means for the registry. */
export interface Findings extends Foreign {
  /** One per component that was looked at, also where nothing changed. */
  readonly observations: readonly ComponentObservation[];
}

/** Compares the registry with one listing. A managed component's container is the one with MCP's labels and
 * the component's name; an ignored entry's is any other with its name. Services for which `skip` is true are
 * left out altogether. Pure. */
export function observe(input: {
  components: readonly KnownComponent[];
  containers: readonly SeenContainer[];
  /** Names of all registered services. */
  services: readonly string[];
  skip: (service: string) => boolean;
}): Findings {
  const components = input.components.filter(({ service }) => !input.skip(service));
  const managed = new Set(
    input.components
      .filter(({ desired }) => desired !== "ignore")
      .map(({ service, component }) => containerKey(service, component)),
  );
  const owned = new Map<string, SeenContainer>();
  const others = new Map<string, SeenContainer>();
  for (const container of input.containers) {
    const { owner } = container;
    const key = owner === undefined ? "" : containerKey(owner.service, owner.component);
    if (owner?.current === true && managed.has(key)) owned.set(key, container);
    else if (owner === undefined || owner.current) others.set(container.name, container);
  }
  const observations = components.map((known) => {
    const { service, component, desired } = known;
    const container =
      desired === "ignore"
        ? others.get(containerName(service, component))
        : owned.get(containerKey(service, component));
    return observation(known, container);
  });
  return { observations, ...foreignContainers({ ...input, containers: [...others.values()] }) };
}

function observation(known: KnownComponent, container: SeenContainer | undefined): ComponentObservation {
  const { service, component, desired, state: previous } = known;
  const state = observedState(container, desired);
  const running = state === "running" && container !== undefined;
  return {
    service,
    component,
    desired,
    previous,
    state,
    exitCode: observedExitCode(container),
    startedAtMs: running ? container.startedAtMs : 0,
    pid: running ? container.pid : 0,
    specHash: container?.specHash ?? "",
    processGone: container?.processGone ?? false,
    restarted: running && previous === "running" && isAnotherRun(known, container),
  };
}

function isAnotherRun(known: KnownComponent, container: SeenContainer): boolean {
  const differs = (before: number, now: number) => before !== 0 && now !== 0 && before !== now;
  return differs(known.startedAtMs, container.startedAtMs) || differs(known.pid, container.pid);
}

function containerKey(service: string, component: string): string {
  return `${service}/${component}`;
}
