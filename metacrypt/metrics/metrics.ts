import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { CallEnd } from "@metacircular/mcdsl/grpc/audit.ts";
import { exposition, gauge, type MetricFamily } from "@metacircular/mcdsl/metrics/exposition.ts";
import { Histogram } from "@metacircular/mcdsl/metrics/instruments.ts";
import { processMetrics } from "@metacircular/mcdsl/metrics/process.ts";
import type { AuditStore } from "../audit/audit-store.ts";
import type { Mounts } from "../mounts/mounts.ts";
import type { Seal } from "../seal/seal.ts";

const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts calls, and words them with the state of the service for Prometheus. */
export interface Metrics {
  callEnded(ended: CallEnd): void;
  /** The page, in Prometheus' text format. */
  render(): string;
}

export function createMetrics(parts: {
  readonly seal: Seal;
  readonly mounts: Mounts;
  readonly auditStore: AuditStore;
  readonly clock: Clock;
  readonly version: string;
}): Metrics {
  const { seal, mounts, auditStore, clock, version } = parts;
  const calls = new Histogram(
    { name: "metacrypt_rpc_duration_seconds", help: "gRPC calls, by method and status." },
    bounds,
  );
  return {
    callEnded({ method, outcome, durationMs }) {
      calls.observe({ method: method.slice(method.lastIndexOf(".") + 1), code: outcome }, durationMs / 1000);
    },
    render: () =>
      exposition([
        {
          name: "metacrypt_build_info",
          help: "Versions of Metacrypt and of Node.js.",
          type: "gauge",
          samples: [{ labels: { version, node_version: process.version }, value: 1 }],
        },
        ...sealMetrics(seal),
        ...(seal.isSealed ? [] : mountMetrics(mounts)),
        gauge(
          "metacrypt_audit_sequence",
          "Number of the newest entry of the audit log.",
          auditStore.last().sequence,
        ),
        calls.family(),
        ...processMetrics(clock.now()),
      ]),
  };
}

function sealMetrics(seal: Seal): MetricFamily[] {
  const { initialized, sealed, unattended, recordsToRekey } = seal.status();
  return [
    gauge("metacrypt_initialized", "Whether there are keys.", Number(initialized)),
    gauge("metacrypt_sealed", "Whether the service is sealed.", Number(sealed)),
    gauge("metacrypt_unattended", "Whether a key file opens the seal.", Number(unattended)),
    gauge(
      "metacrypt_records_to_rekey",
      "Records that are encrypted with an older barrier key; 0 while sealed.",
      recordsToRekey ?? 0,
    ),
  ];
}

function mountMetrics(mounts: Mounts): MetricFamily[] {
  const all = mounts.list();
  return [
    {
      name: "metacrypt_mount_up",
      help: "Whether the engine of a mount is at work.",
      type: "gauge",
      samples: all.map(({ name, type, problem }) => ({
        labels: { mount: name, type },
        value: Number(problem === ""),
      })),
    },
  ];
}
