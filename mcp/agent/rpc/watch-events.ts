import type { ServiceImpl } from "@connectrpc/connect";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import type { McpAgent, WatchEventsRequest } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { OperationOutcome } from "@metacircular/mcp-core/outcome.ts";
import type { AgentEvent } from "../events/agent-event.ts";
import type { OperationRecord } from "../registry/operations.ts";
import { encodeAgentEvent } from "./encode-agent-event.ts";
import { eventsLost, recordedEvents } from "./recorded-events.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "watchEvents">;

export function watchEventsMethods({
  bus,
  registry,
  clock,
}: Pick<RpcContext, "bus" | "registry" | "clock">): Methods {
  return {
    async *watchEvents(request, { signal }) {
      const over = new AbortController();
      // Subscribed before the recorded events are read, so that nothing falls between.
      const deliveries = bus.subscribe(AbortSignal.any([signal, over.signal]));
      try {
        const operation =
          request.operationId === "" ? undefined : registry.operations.get(request.operationId);
        const { service, since } = request;
        if (since !== undefined && request.operationId === "") {
          yield* recordedEvents(registry, { service, sinceMs: timestampMs(since) });
        }
        if (operation !== undefined) yield* journaledEvents(operation).map(encodeAgentEvent);
        yield { timestamp: timestampFromMs(clock.now()), event: { case: "caughtUp", value: {} } };
        if (!request.follow || operation?.outcome !== undefined) return;
        for await (const delivery of deliveries) {
          if (delivery.type === "lost") {
            yield eventsLost(delivery.count, clock.now());
            // Its end may have been among what was lost.
            const latest = registry.operations.get(request.operationId);
            if (latest?.outcome === undefined) continue;
            yield encodeAgentEvent(operationFinished(latest, latest.outcome));
            return;
          } else if (concerns(delivery, request)) {
            yield encodeAgentEvent(delivery);
            if (request.operationId !== "" && delivery.type === "operation-finished") return;
          }
        }
      } finally {
        over.abort();
      }
    },
  };
}

function concerns(event: AgentEvent, { service, operationId }: WatchEventsRequest): boolean {
  if (service !== "" && event.service !== service) return false;
  return operationId === "" || ("operationId" in event && event.operationId === operationId);
}

/** What has happened in an operation so far, as its journal tells. */
function journaledEvents(operation: OperationRecord): AgentEvent[] {
  const { id: operationId, kind, caller, service, steps, step, startedAtMs, outcome, failures } = operation;
  const base = { atMs: startedAtMs, service, operationId } as const;
  const reached = outcome === undefined ? steps.slice(0, step + 1) : steps.slice(0, step);
  return [
    { ...base, component: "", type: "operation-started", kind, caller, steps },
    ...reached.flatMap((entry, index): AgentEvent[] => {
      const about = { ...base, component: entry.component, index, step: entry };
      const finished = {
        ...about,
        type: "step-finished",
        failure: failures[index],
        durationMs: undefined,
      } as const;
      return [{ ...about, type: "step-started" }, ...(index < step ? [finished] : [])];
    }),
    ...(outcome === undefined ? [] : [operationFinished(operation, outcome)]),
  ];
}

function operationFinished(operation: OperationRecord, outcome: OperationOutcome): AgentEvent {
  const { id: operationId, service, kind, results, finishedAtMs: atMs } = operation;
  return { type: "operation-finished", atMs, service, component: "", operationId, kind, outcome, results };
}
