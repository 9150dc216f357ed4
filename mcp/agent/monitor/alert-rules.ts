import { isDrift } from "@metacircular/mcp-core/drift.ts";
import { isFlapping, recentTransitions, type Transitions } from "@metacircular/mcp-core/flap.ts";
import type { DesiredState, ObservedState } from "@metacircular/mcp-core/spec.ts";
import type { Observed } from "./observe.ts";
import type { RecordedObservation } from "./record.ts";

/** Something an operator should know. */
export interface Alert {
  readonly type: "drift" | "flapping";
  readonly atMs: number;
  readonly service: string;
  readonly component: string;
  readonly desired: DesiredState;
  readonly observed: ObservedState;
  /** State before the latest change; the same as `observed` where no change was seen. */
  readonly previous: ObservedState;
  /** Changes of state within the flap window. */
  readonly transitions: number;
}

export interface AlertConfig {
  /** Time between two reconciliations. */
  readonly intervalMs: number;
  /** How long an alert silences the next one of its type for the component. */
  readonly cooldownMs: number;
  /** More changes of state than this within the window are flapping. */
  readonly flapThreshold: number;
  readonly flapWindowMs: number;
}

/** Decides which observations are worth an alert. Remembers what it has announced; an agent that is started
 * again has forgotten it. */
export interface AlertRules {
  evaluate(observed: Pick<Observed, "atMs" | "observations">): Alert[];
}

interface Memory {
  seenAtMs: number;
  previous: ObservedState;
  transitions: Transitions;
  /** The drift that was announced and lasts; empty: none. */
  announced: string;
  readonly firedAtMs: Map<Alert["type"], number>;
}

export function createAlertRules(config: AlertConfig): AlertRules {
  const memories = new Map<string, Memory>();
  const flap = { threshold: config.flapThreshold, windowMs: config.flapWindowMs };
  const keepMs = 2 * config.intervalMs + config.cooldownMs + config.flapWindowMs;

  function evaluateOne(observation: RecordedObservation, atMs: number): Alert[] {
    const memory = remembered(observation, atMs);
    const { desired, state, ours } = observation;
    const isDrifting = isDrift(desired, state);
    if (!isDrifting && state !== "unknown") memory.announced = "";
    if (ours) return [];
    const changes = observation.transitions.filter(({ previous }) => previous !== "unknown").length;
    memory.transitions = recentTransitions(memory.transitions, changes, atMs, flap);
    const types: Alert["type"][] = [];
    const drift = `${desired}/${state}`;
    if (isDrifting && memory.announced !== drift && isDue(memory, "drift", atMs)) {
      memory.announced = drift;
      types.push("drift");
    }
    if (changes > 0 && isFlapping(memory.transitions, flap) && isDue(memory, "flapping", atMs)) {
      types.push("flapping");
    }
    for (const type of types) memory.firedAtMs.set(type, atMs);
    return types.map((type) => alert(type, observation, memory, atMs));
  }

  function remembered({ service, component, state, transitions }: RecordedObservation, atMs: number): Memory {
    const key = `${service}/${component}`;
    const memory = memories.get(key) ?? {
      seenAtMs: atMs,
      previous: state,
      transitions: [],
      announced: "",
      firedAtMs: new Map(),
    };
    memories.set(key, memory);
    memory.seenAtMs = atMs;
    memory.previous = transitions.at(-1)?.previous ?? memory.previous;
    return memory;
  }

  function isDue({ firedAtMs }: Memory, type: Alert["type"], atMs: number): boolean {
    const last = firedAtMs.get(type);
    return last === undefined || atMs - last >= config.cooldownMs;
  }

  return {
    evaluate({ observations, atMs }) {
      const managed = observations.filter(({ desired }) => desired !== "ignore");
      const alerts = managed.flatMap((observation) => evaluateOne(observation, atMs));
      for (const [key, { seenAtMs }] of memories) {
        if (atMs - seenAtMs > keepMs) memories.delete(key);
      }
      return alerts;
    },
  };
}

function alert(
  type: Alert["type"],
  { service, component, desired, state }: RecordedObservation,
  { previous, transitions }: Memory,
  atMs: number,
): Alert {
  return {
    type,
    atMs,
    service,
    component,
    desired,
    observed: state,
    previous,
    transitions: transitions.length,
  };
}
