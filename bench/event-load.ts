import { monitorEventLoopDelay } from "node:perf_hooks";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { prune } from "@metacircular/mcp-agent/monitor/retention.ts";
import type { Registry } from "@metacircular/mcp-agent/registry/registry.ts";
import { interleave, median, timed } from "./measure.ts";

export const services = 20;
const componentsPerService = 3;
const perTransaction = 50_000;
const nsPerMs = 1_000_000;

export const serviceName = (number: number): string => `service-${number % services}`;

/** Writes one event a second from that time on, as an observation would, one component after the other. */
export function fill(registry: Registry, { fromMs, count }: { fromMs: number; count: number }): void {
  for (let written = 0; written < count; written += perTransaction) {
    registry.transaction(() => {
      for (let number = written; number < Math.min(count, written + perTransaction); number += 1) {
        const isEven = Math.floor(number / (services * componentsPerService)) % 2 === 0;
        registry.events.append({
          service: serviceName(number),
          component: `component-${Math.floor(number / services) % componentsPerService}`,
          previous: isEven ? "running" : "exited",
          next: isEven ? "exited" : "running",
          atMs: fromMs + 1_000 * number,
        });
      }
    });
  }
}

/** What `status` and `events` ask the registry. Returns the time of the slowest of these queries, in milliseconds. */
export async function slowestQuery(
  registry: Registry,
  { nowMs, rounds }: { nowMs: number; rounds: number },
): Promise<number> {
  const dayMs = 86_400_000;
  const queries = [
    (round: number) => registry.events.recent({ service: serviceName(round), sinceMs: 0, limit: 20 }),
    () => registry.events.recent({ service: "", sinceMs: 0, limit: 20 }),
    () => registry.events.recent({ service: "no-such", sinceMs: 0, limit: 20 }),
    (round: number) =>
      registry.events.recent({ service: serviceName(round), sinceMs: nowMs - dayMs, limit: 1_001 }),
    () => registry.events.recent({ service: "", sinceMs: nowMs - dayMs, limit: 1_001 }),
  ];
  const sides = queries.map((query) => (round: number) => timed(() => Promise.resolve(query(round))));
  const samples = await interleave(Object.fromEntries(sides.entries()), { rounds });
  return Math.max(...Object.values(samples).map(median));
}

/** Deletes what is older than that time, beside nothing else; returns for how long at most nothing else could
 * run, and how long all of it took, in milliseconds. */
export async function pruneBefore(
  registry: Registry,
  beforeMs: number,
): Promise<{ longestBlockMs: number; medianBlockMs: number; tookMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const { signal } = new AbortController();
  const config = { retentionMs: Date.now() - beforeMs, maxEvents: Number.MAX_SAFE_INTEGER };
  const tookMs = await timed(() => prune(registry, config, { clock: systemClock, signal }));
  delay.disable();
  return { longestBlockMs: delay.max / nsPerMs, medianBlockMs: delay.percentile(50) / nsPerMs, tookMs };
}
