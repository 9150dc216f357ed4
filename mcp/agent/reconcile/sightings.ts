import { afterSighting, begunAnew, type Repair, type RepairRules } from "@metacircular/mcp-core/repair.ts";
import {
  isRestartedByPolicy,
  repairCondition,
  type RepairCondition,
} from "@metacircular/mcp-core/repair-condition.ts";
import { agentCaller } from "../deploy/locks.ts";
import type { AlertDesk } from "../monitor/alert-desk.ts";
import type { Observed } from "../monitor/observe.ts";
import type { RecordedObservation } from "../monitor/record.ts";
import type { Registry } from "../registry/registry.ts";
import type { RepairRecord } from "../registry/repairs.ts";
import { announceRepair } from "./announce.ts";
import type { ComponentName } from "./attempt.ts";
import { crashLoop, createEnds, runsEnded } from "./ends.ts";

export interface ReconcileConfig extends RepairRules {
  /** Whether drift is repaired where the service's definition does not say. */
  readonly enabled: boolean;
  /** Whether what the runtime restarts again and again is stopped, to be started at our pace. */
  readonly brake: boolean;
}

/** Writes down what each listing means for the repairs. */
export interface Sightings {
  /** Returns what has to be stopped, since the runtime restarts it again and again. */
  take(observed: Pick<Observed, "atMs" | "observations">): ComponentName[];
}

export interface SightingsOptions {
  readonly registry: Registry;
  readonly alerts: Pick<AlertDesk, "raise" | "recover">;
  readonly config: ReconcileConfig;
  /** At least 0 and below 1. */
  readonly random: () => number;
  readonly isEnabled: (service: string) => boolean;
  /** Whether this is the first look at the service since the machine was started. */
  readonly isRebooted: (service: string) => boolean;
}

export function createSightings(options: SightingsOptions): Sightings {
  const { registry, alerts, config } = options;
  const ends = createEnds();

  /** Returns whether it has to be stopped. */
  function takeOne(seen: RecordedObservation, known: RepairRecord | undefined, atMs: number): boolean {
    const { service, component, desired, ours } = seen;
    const before = known && unlessOvertaken(known, seen, atMs);
    const isLooping = ends.count(seen, atMs) && config.brake && isRestartedByPolicy(restartOf(seen));
    const after = ours
      ? before
      : lookedAt(before, seen, { atMs, looping: isLooping && desired === "running" });
    if (after === undefined && known !== undefined) registry.repairs.forget(service, component);
    if (after !== undefined && after !== known) registry.repairs.record({ ...after, service, component });
    announceRepair(after, seen, { alerts, atMs });
    return isLooping;
  }

  /** Whatever somebody did to the service, its repair begins anew. */
  function unlessOvertaken(known: RepairRecord, seen: RecordedObservation, atMs: number): Repair | undefined {
    const { operations } = registry;
    if (!operations.isBegunByOthers(known.service, known.sinceMs, agentCaller)) return known;
    return begunAnew(known, { atMs, random: options.random(), condition: conditionOf(seen) }, config);
  }

  function lookedAt(
    before: Repair | undefined,
    seen: RecordedObservation,
    { atMs, looping }: { atMs: number; looping: boolean },
  ): Repair | undefined {
    const { service } = seen;
    const sighting = {
      atMs,
      condition: conditionOf(seen),
      ended: runsEnded(seen) > 0,
      looping,
      afterReboot: options.isRebooted(service),
      mayRepair: options.isEnabled(service),
      random: options.random(),
    };
    const after = afterSighting(before, sighting, config);
    if (after === undefined || !looping) return after;
    return {
      ...after,
      reason: `it ended ${crashLoop.threshold + 1} times within ${crashLoop.windowMs / 1_000} s`,
    };
  }

  function conditionOf(seen: RecordedObservation): RepairCondition {
    const { desired, state, exitCode } = seen;
    // What runs is as good under any policy.
    const restart = state === "running" ? "" : restartOf(seen);
    return repairCondition({ desired, state, exitCode, restart });
  }

  function restartOf({ service, component }: RecordedObservation): string {
    return registry.components.get(service, component)?.spec.restart ?? "";
  }

  return {
    take: ({ atMs, observations }) =>
      registry.transaction(() => {
        const repairs = new Map(registry.repairs.all().map((record) => [keyOf(record), record]));
        return observations.filter((seen) => {
          const known = repairs.get(keyOf(seen));
          if (seen.desired !== "ignore") return takeOne(seen, known, atMs);
          if (known !== undefined) registry.repairs.forget(seen.service, seen.component);
          return false;
        });
      }),
  };
}

function keyOf({ service, component }: ComponentName): string {
  return `${service}/${component}`;
}
