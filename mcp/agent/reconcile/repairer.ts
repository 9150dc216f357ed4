import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import { afterAttempt, type RepairOutcome } from "@metacircular/mcp-core/repair.ts";
import { lastLogLines } from "../deploy/last-log-lines.ts";
import type { AlertDesk } from "../monitor/alert-desk.ts";
import type { RepairRecord } from "../registry/repairs.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { announceRepair } from "./announce.ts";
import { type AttemptOptions, attemptRepair, brake, type ComponentName } from "./attempt.ts";
import type { ReconcileConfig } from "./sightings.ts";

/** Carries out what is due, and writes down what became of it. */
export interface Repairer {
  /** Repairs components of one service, all at once. */
  repair(due: readonly RepairRecord[]): Promise<void>;
  /** Stops a component that ends again and again, and remembers what it printed last. */
  stopLooping(name: ComponentName): Promise<void>;
}

export interface RepairerOptions extends AttemptOptions {
  readonly runtime: Pick<Runtime, "logs">;
  readonly alerts: Pick<AlertDesk, "raise" | "recover">;
  readonly clock: Clock;
  /** At least 0 and below 1. */
  readonly random: () => number;
  readonly config: ReconcileConfig;
}

/** @param signal nothing more is begun once it aborts */
export function createRepairer(options: RepairerOptions, signal: AbortSignal): Repairer {
  const { registry, runtime, alerts, clock, logger, config } = options;

  async function settle(repaired: RepairRecord, outcome: RepairOutcome): Promise<void> {
    const { service, component } = repaired;
    if (outcome.kind === "failed" && outcome.looping && config.brake) await brake(repaired, options);
    const repair = registry.repairs.get(service, component);
    const record = registry.components.get(service, component);
    // Somebody has undeployed it, or asked for something else.
    if (repair === undefined || record === undefined) return;
    const now = { atMs: clock.now(), random: options.random() };
    const after = afterAttempt(repair, outcome, now, config);
    registry.repairs.record({ ...after, service, component });
    const about = { service, component, desired: record.desired, state: record.observed.state };
    announceRepair(after, about, { alerts, atMs: now.atMs });
    const { state, attempts, reason } = after;
    if (state === "given-up") logger.error({ service, component, attempts, reason }, "gave up repairing it");
  }

  return {
    async repair(due) {
      const waiting = due.flatMap(({ service, component }) => {
        const repair = registry.repairs.get(service, component);
        return repair?.state === "waiting" ? [repair] : [];
      });
      const service = waiting[0]?.service;
      if (signal.aborted || service === undefined) return;
      const names = waiting.map(({ component }) => component);
      const outcomeOf = await attemptRepair(service, names, options);
      for (const repair of waiting) await settle(repair, outcomeOf(repair.component));
    },
    async stopLooping({ service, component }) {
      // Before it is stopped, as that may print, too.
      const container = slotName(service, component, "current");
      const log = await lastLogLines(container, { runtime, logger, signal });
      await brake({ service, component }, options);
      const repair = registry.repairs.get(service, component);
      if (repair?.cause === "crash-loop") registry.repairs.record({ ...repair, log });
    },
  };
}
