import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { CallEnd } from "@metacircular/mcdsl/grpc/audit.ts";
import { exposition, gauge, type MetricFamily } from "@metacircular/mcdsl/metrics/exposition.ts";
import { Histogram } from "@metacircular/mcdsl/metrics/instruments.ts";
import { processMetrics } from "@metacircular/mcdsl/metrics/process.ts";
import type { EngineStats, RouteNumbers } from "../engine/engine.ts";

/** What the page tells besides what it counts itself. */
export interface ProxyNumbers {
  readonly routes: number;
  readonly firewallRules: number;
  /** By the name of its file. */
  readonly certificates: readonly { readonly name: string; readonly notAfterMs: number }[];
  readonly problems: number;
  readonly isUpToDate: boolean;
  readonly repaired: number;
  readonly applied: number;
  readonly checkedAtMs: number | undefined;
}

/** Counts admin calls, and words all numbers for Prometheus. */
export interface ProxyMetrics {
  callEnded(ended: CallEnd): void;
  render(numbers: ProxyNumbers, stats: EngineStats): string;
}

const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createProxyMetrics(options: { version: string; clock: Clock }): ProxyMetrics {
  const calls = new Histogram(
    {
      name: "mcproxy_rpc_duration_seconds",
      help: "Admin calls, refused ones included, by method and status.",
    },
    bounds,
  );
  return {
    callEnded({ method, outcome, durationMs }) {
      calls.observe({ method: method.slice(method.lastIndexOf("/") + 1), code: outcome }, durationMs / 1_000);
    },
    render: (numbers, stats) =>
      exposition([
        {
          name: "mcproxy_build_info",
          help: "Versions of mc-proxy, of its data plane and of Node.js.",
          type: "gauge",
          samples: [
            {
              labels: { version: options.version, engine: stats.engine, node_version: process.version },
              value: 1,
            },
          ],
        },
        ...controlFamilies(numbers),
        ...dataPlaneFamilies(stats),
        ...routeFamilies(stats.routes),
        calls.family(),
        ...processMetrics(options.clock.now()),
      ]),
  };
}

function controlFamilies(numbers: ProxyNumbers): MetricFamily[] {
  const { isUpToDate, checkedAtMs = 0 } = numbers;
  return [
    gauge("mcproxy_routes", "Stored routes.", numbers.routes),
    gauge("mcproxy_firewall_rules", "Stored firewall rules.", numbers.firewallRules),
    gauge("mcproxy_problems", "What is wrong now, as mcproxyctl status lists it.", numbers.problems),
    gauge(
      "mcproxy_data_plane_current",
      "Whether the data plane was told of all that is stored.",
      Number(isUpToDate),
    ),
    gauge(
      "mcproxy_check_timestamp_seconds",
      "When the data plane was last compared; 0: never.",
      checkedAtMs / 1_000,
    ),
    counter("mcproxy_repaired_total", "Differences in the data plane that were repaired.", numbers.repaired),
    counter("mcproxy_applied_total", "How often the data plane was told what is desired.", numbers.applied),
    {
      name: "mcproxy_certificate_not_after_seconds",
      help: "When a certificate ends.",
      type: "gauge",
      samples: numbers.certificates.map(({ name, notAfterMs }) => ({
        labels: { name },
        value: notAfterMs / 1_000,
      })),
    },
  ];
}

function dataPlaneFamilies(stats: EngineStats): MetricFamily[] {
  return [
    gauge("mcproxy_data_plane_up", "Whether the data plane runs.", Number(stats.running)),
    gauge("mcproxy_connections", "Client connections that are open.", stats.connections),
    counter("mcproxy_data_plane_restarts_total", "How often the data plane ended by itself.", stats.restarts),
    counter("mcproxy_data_plane_reloads_total", "How often it read its configuration anew.", stats.reloads),
  ];
}

/** Routes that were used since the data plane started. */
function routeFamilies(routes: readonly RouteNumbers[]): MetricFamily[] {
  const family = (
    name: string,
    help: string,
    type: "counter" | "gauge",
    value: (route: RouteNumbers) => number,
  ): MetricFamily => ({
    name,
    help,
    type,
    samples: routes.map((route) => ({
      labels: { hostname: route.hostname, port: String(route.port) },
      value: value(route),
    })),
  });
  return [
    family(
      "mcproxy_route_connections",
      "Open connections (L4) or requests (L7).",
      "gauge",
      (r) => r.connections,
    ),
    family("mcproxy_route_requests_total", "Connections (L4) or requests (L7).", "counter", (r) => r.total),
    family("mcproxy_route_client_errors_total", "Answers of 400 to 499.", "counter", (r) => r.clientErrors),
    family(
      "mcproxy_route_server_errors_total",
      "Answers of 500 and above.",
      "counter",
      (r) => r.serverErrors,
    ),
    family("mcproxy_route_received_bytes_total", "From clients.", "counter", (r) => r.bytesIn),
    family("mcproxy_route_sent_bytes_total", "To clients.", "counter", (r) => r.bytesOut),
  ];
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: "counter", samples: [{ labels: {}, value }] };
}
