import { isFlapping, recentTransitions, type Transitions } from "@metacircular/mcp-core/flap.ts";
import type { RecordedObservation } from "../monitor/record.ts";

/** A component that ends more often than `threshold` within the window, each time started by the runtime, is in a
 * crash loop. */
export const crashLoop = { threshold: 4, windowMs: 30_000 };

/** How often components ended of late. Forgotten when the agent stops. */
export interface Ends {
  /** Counts what the look saw; true when it was once too often. Then it is counted anew. */
  count(observation: RecordedObservation, atMs: number): boolean;
}

export function createEnds(): Ends {
  const counted = new Map<string, Transitions>();
  return {
    count(observation, atMs) {
      for (const [key, times] of counted) {
        if ((times.at(-1) ?? 0) <= atMs - crashLoop.windowMs) counted.delete(key);
      }
      const key = `${observation.service}/${observation.component}`;
      const added = runsEnded(observation);
      if (added === 0) return false;
      const recent = recentTransitions(counted.get(key) ?? [], added, atMs, crashLoop);
      const isTooOften = isFlapping(recent, crashLoop);
      if (isTooOften) counted.delete(key);
      else counted.set(key, recent);
      return isTooOften;
    },
  };
}

/** Runs that ended since the last look, other than by an operation. */
export function runsEnded({ ours, transitions }: RecordedObservation): number {
  if (ours) return 0;
  return transitions.filter(({ previous, next }) => previous === "running" && next !== "running").length;
}
