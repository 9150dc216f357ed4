import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { CallEnd } from "@metacircular/mcdsl/grpc/audit.ts";
import { exposition, gauge, type MetricFamily } from "@metacircular/mcdsl/metrics/exposition.ts";
import { Counter, Histogram } from "@metacircular/mcdsl/metrics/instruments.ts";
import { processMetrics } from "@metacircular/mcdsl/metrics/process.ts";
import type { Audit, AuditEntry } from "../audit/audit.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { RegistryMetrics } from "./registry-metrics.ts";
import type { Observations } from "./observations.ts";

/** In seconds; layers may take minutes. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Counts what the registry does, and words it with what it holds for Prometheus. */
export class ServerMetrics implements RegistryMetrics {
  readonly #clock: Clock;
  readonly #version: string;
  readonly #requests = new Histogram(
    {
      name: "mcr_request_duration_seconds",
      help: "Requests of the distribution API, by route, method and status.",
    },
    bounds,
  );
  readonly #calls = new Histogram(
    {
      name: "mcr_rpc_duration_seconds",
      help: "Calls of the API, refused ones included, by method and status.",
    },
    bounds,
  );
  readonly #received = new Counter({ name: "mcr_received_bytes_total", help: "Content that clients sent." });
  readonly #sent = new Counter({ name: "mcr_sent_bytes_total", help: "Content that was sent to clients." });
  readonly #actions = new Counter({
    name: "mcr_actions_total",
    help: "What was done and refused, as in the audit log, by action and outcome.",
  });

  constructor({ clock, version }: { clock: Clock; version: string }) {
    this.#clock = clock;
    this.#version = version;
    // So that rates begin at 0, not at the first byte.
    this.#received.add({}, 0);
    this.#sent.add({}, 0);
  }

  requestEnded(request: Parameters<RegistryMetrics["requestEnded"]>[0]): void {
    const { route, method, status, durationMs } = request;
    this.#requests.observe({ route, method: methodLabel(method), code: String(status) }, durationMs / 1_000);
  }

  bytesReceived(count: number): void {
    this.#received.add({}, count);
  }

  bytesSent(count: number): void {
    this.#sent.add({}, count);
  }

  callEnded({ method, outcome, durationMs }: CallEnd): void {
    const name = method.slice(method.lastIndexOf("/") + 1);
    this.#calls.observe({ method: name, code: outcome }, durationMs / 1_000);
  }

  /** Passes entries on, and counts them. */
  counting(audit: Audit): Audit {
    return {
      record: (entry: AuditEntry) => {
        this.#actions.add({ action: entry.action, outcome: entry.outcome });
        audit.record(entry);
      },
    };
  }

  /** The page, in Prometheus' text format. */
  render(parts: { readonly observations: Observations; readonly auditLog: AuditLog }): string {
    const { observations, auditLog } = parts;
    return exposition([
      {
        name: "mcr_build_info",
        help: "Version of this registry.",
        type: "gauge",
        samples: [{ labels: { version: this.#version }, value: 1 }],
      },
      this.#requests.family(),
      this.#calls.family(),
      this.#received.family(),
      this.#sent.family(),
      this.#actions.family(),
      ...observations.families(),
      ...auditFamilies(auditLog),
      ...processMetrics(this.#clock.now()),
    ]);
  }
}

function auditFamilies({ written, dropped, waiting }: AuditLog): MetricFamily[] {
  return [
    counter("mcr_audit_entries_total", "Audit entries that were written.", written),
    counter("mcr_audit_entries_dropped_total", "Audit entries that could not be written.", dropped),
    gauge("mcr_audit_entries_waiting", "Audit entries that wait to be written.", waiting),
  ];
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: "counter", samples: [{ labels: {}, value }] };
}

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);

/** Clients can send any word. */
function methodLabel(method: string): string {
  return methods.has(method) ? method : "other";
}
