import type { Alert, AlertType } from "@metacircular/mcp-core/alert.ts";
import { isDrift } from "@metacircular/mcp-core/drift.ts";
import { isFlapping, recentTransitions, type Transitions } from "@metacircular/mcp-core/flap.ts";
import type { ObservedState } from "@metacircular/mcp-core/spec.ts";
import type { AlertDesk } from "./alert-desk.ts";
import type { Observed } from "./observe.ts";
import type { RecordedObservation } from "./record.ts";

export interface AlertRulesConfig {
  /** Time between two reconciliations. */
  readonly intervalMs: number;
  /** More changes of state than this within the window are flapping. */
  readonly flapThreshold: number;
  readonly flapWindowMs: number;
}

/** Tells the desk which components drift or flap, and which do not, by what is observed. It remembers the latest
 * changes of state; an agent that is started again counts anew. */
export interface AlertRules {
  evaluate(observed: Pick<Observed, "atMs" | "observations">): void;
}

interface Memory {
  seenAtMs: number;
  /** Since when nothing that counts has changed, as far as is known. */
  quietSinceMs: number;
  previous: ObservedState;
  transitions: Transitions;
}

export function createAlertRules(
  config: AlertRulesConfig,
  desk: Pick<AlertDesk, "raise" | "recover" | "settle">,
): AlertRules {
  const memories = new Map<string, Memory>();
  const flap = { threshold: config.flapThreshold, windowMs: config.flapWindowMs };
  const keepMs = 2 * config.intervalMs + config.flapWindowMs;

  function evaluateOne(observation: RecordedObservation, atMs: number): void {
    const memory = remembered(observation, atMs);
    const { service, component, desired, state, ours } = observation;
    const isDrifting = isDrift(desired, state);
    if (!isDrifting && state !== "unknown") desk.recover(service, component, ["drift"], atMs);
    const changes = ours
      ? 0
      : observation.transitions.filter(({ previous }) => previous !== "unknown").length;
    memory.transitions = recentTransitions(memory.transitions, changes, atMs, flap);
    if (changes > 0) memory.quietSinceMs = atMs;
    if (atMs - memory.quietSinceMs >= flap.windowMs) desk.recover(service, component, ["flapping"], atMs);
    if (ours) return;
    const raise = (type: AlertType) => desk.raise(alert(type, observation, memory, atMs));
    if (isDrifting) raise("drift");
    if (changes > 0 && isFlapping(memory.transitions, flap)) raise("flapping");
  }

  function remembered({ service, component, state, transitions }: RecordedObservation, atMs: number): Memory {
    const key = `${service}/${component}`;
    const memory = memories.get(key) ?? {
      seenAtMs: atMs,
      quietSinceMs: atMs,
      previous: state,
      transitions: [],
    };
    memories.set(key, memory);
    // Whoever did not look cannot say that all was quiet.
    if (state === "unknown" || atMs - memory.seenAtMs > 2 * config.intervalMs) memory.quietSinceMs = atMs;
    memory.seenAtMs = atMs;
    memory.previous = transitions.at(-1)?.previous ?? memory.previous;
    return memory;
  }

  return {
    evaluate({ observations, atMs }) {
      for (const observation of observations) {
        if (observation.desired !== "ignore") evaluateOne(observation, atMs);
      }
      desk.settle(atMs);
      for (const [key, { seenAtMs }] of memories) {
        if (atMs - seenAtMs > keepMs) memories.delete(key);
      }
    },
  };
}

function alert(
  type: AlertType,
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
