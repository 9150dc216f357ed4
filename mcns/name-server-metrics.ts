import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { CallEnd } from "@metacircular/mcdsl/grpc/audit.ts";
import { exposition, gauge, type MetricFamily } from "@metacircular/mcdsl/metrics/exposition.ts";
import { Counter, Histogram } from "@metacircular/mcdsl/metrics/instruments.ts";
import { processMetrics } from "@metacircular/mcdsl/metrics/process.ts";
import type { ZoneStore } from "./store/zone-store.ts";

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts what is done by the API and to the zones, and words it for Prometheus with all the rest. */
export class NameServerMetrics implements Disposable {
  readonly #store: ZoneStore;
  readonly #clock: Clock;
  readonly #version: string;
  readonly #subscription: Disposable;
  readonly #calls = new Histogram(
    {
      name: "mcns_rpc_duration_seconds",
      help: "Calls of the API, refused ones included, by method and status.",
    },
    bounds,
  );
  readonly #changes = new Counter({ name: "mcns_zone_changes_total", help: "Committed changes of zones." });

  constructor(parts: { store: ZoneStore; clock: Clock; version: string }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#version = parts.version;
    this.#subscription = parts.store.onChange(() => this.#changes.add({}));
  }

  callEnded({ method, outcome, durationMs }: CallEnd): void {
    const name = method.slice(method.lastIndexOf("/") + 1);
    this.#calls.observe({ method: name, code: outcome }, durationMs / 1_000);
  }

  /** The page, in Prometheus' text format.
   * @param others of the part that answers DNS */
  render(others: readonly MetricFamily[]): string {
    const zones = this.#store.list();
    const records = zones.reduce((sum, { name }) => sum + this.#store.countRecords(name), 0);
    return exposition([
      {
        name: "mcns_build_info",
        help: "Version of this name server.",
        type: "gauge",
        samples: [{ labels: { version: this.#version }, value: 1 }],
      },
      gauge("mcns_zones", "Zones of this server.", zones.length),
      gauge("mcns_records", "Records of all zones, SOA records not counted.", records),
      this.#changes.family(),
      this.#calls.family(),
      ...others,
      ...processMetrics(this.#clock.now()),
    ]);
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}
