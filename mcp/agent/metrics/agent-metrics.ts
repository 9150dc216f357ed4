import type { CallEnd } from "@metacircular/mcdsl/grpc/audit.ts";
import { exposition, gauge, type Labels } from "@metacircular/mcdsl/metrics/exposition.ts";
import { Counter, Histogram } from "@metacircular/mcdsl/metrics/instruments.ts";
import { processMetrics } from "@metacircular/mcdsl/metrics/process.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { AgentEvent } from "../events/agent-event.ts";
import type { Observed } from "../monitor/observe.ts";
import type { Registry } from "../registry/registry.ts";
import type { Container, Runtime } from "../runtime/runtime.ts";
import { registryMetrics } from "./registry-metrics.ts";

/** Counts what the agent does, and words it for Prometheus. */
export interface AgentMetrics {
  /** A gRPC call has ended. */
  callEnded(ended: CallEnd): void;
  /** Something was published. */
  happened(event: AgentEvent): void;
  /** A look at the containers was recorded. */
  observed(observed: Pick<Observed, "atMs" | "observations">): void;
  /** The same runtime, with its listings timed. */
  timed(runtime: Pick<Runtime, "list">): Pick<Runtime, "list">;
  /** The page, in Prometheus' text format. */
  render(): string;
}

const shortBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const longBounds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

export function createAgentMetrics(options: {
  registry: Registry;
  clock: Clock;
  version: string;
  node: string;
}): AgentMetrics {
  const { registry, clock } = options;
  const operations = new Histogram(
    { name: "mcp_operation_duration_seconds", help: "Finished operations, by kind and outcome." },
    longBounds,
  );
  const calls = new Histogram(
    { name: "mcp_rpc_duration_seconds", help: "gRPC calls, refused ones included, by method and status." },
    shortBounds,
  );
  const listings = new Histogram(
    { name: "mcp_observation_duration_seconds", help: "Listings of all containers, by outcome." },
    shortBounds,
  );
  const restarts = new Counter({
    name: "mcp_component_restarts_total",
    help: "How often a component was seen to have started again without an operation.",
  });
  const alerts = new Counter({ name: "mcp_alerts_total", help: "Announced alerts, by type." });
  let observedAtMs = 0;
  let isReachable = true;

  return {
    callEnded({ method, outcome, durationMs }) {
      calls.observe({ method: method.slice(method.lastIndexOf("/") + 1), code: outcome }, durationMs / 1_000);
    },
    happened(event) {
      if (event.type === "alert") alerts.add({ type: event.alert });
      if (event.type !== "operation-finished") return;
      const { operationId, kind, outcome, atMs } = event;
      const startedAtMs = registry.operations.get(operationId)?.startedAtMs ?? atMs;
      operations.observe({ kind, outcome }, Math.max(0, atMs - startedAtMs) / 1_000);
    },
    observed({ atMs, observations }) {
      observedAtMs = atMs;
      for (const { service, component, desired, ours, transitions } of observations) {
        const starts = transitions.filter(
          ({ previous, next }) => next === "running" && previous !== "unknown",
        );
        if (desired === "ignore" || ours || starts.length === 0) continue;
        restarts.add({ service, component }, starts.length);
      }
    },
    timed: (runtime) => ({
      async list(...args): Promise<Container[]> {
        const startedAtMs = performance.now();
        const outcome = await runtime.list(...args).then(
          (containers) => ({ containers }),
          (error: unknown) => ({ error }),
        );
        isReachable = "containers" in outcome;
        const label: Labels = { outcome: isReachable ? "succeeded" : "failed" };
        listings.observe(label, (performance.now() - startedAtMs) / 1_000);
        if ("containers" in outcome) return outcome.containers;
        throw outcome.error;
      },
    }),
    render() {
      const { families, managed } = registryMetrics(registry);
      restarts.keep(({ service, component }) => managed.has(`${service}/${component}`));
      return exposition([
        {
          name: "mcp_agent_build_info",
          help: "Versions of the agent and of Node.js, and the node's name.",
          type: "gauge",
          samples: [
            {
              labels: { version: options.version, node_version: process.version, node: options.node },
              value: 1,
            },
          ],
        },
        gauge(
          "mcp_runtime_up",
          "Whether the latest listing of the containers succeeded.",
          Number(isReachable),
        ),
        gauge(
          "mcp_observation_timestamp_seconds",
          "When the containers were last listed and recorded; 0: never.",
          observedAtMs / 1_000,
        ),
        operations.family(),
        calls.family(),
        listings.family(),
        restarts.family(),
        alerts.family(),
        ...families,
        ...processMetrics(clock.now()),
      ]);
    },
  };
}
