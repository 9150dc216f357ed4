import type { ServiceImpl } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import type {
  McpAgent,
  WatchEventsRequest,
  WatchEventsResponseSchema,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { AgentEvent } from "../events/agent-event.ts";
import type { OperationRecord } from "../registry/operations.ts";
import { encodeAgentEvent, encodeRecordedEvent } from "./encode-agent-event.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "watchEvents">;
type Response = MessageInitShape<typeof WatchEventsResponseSchema>;

/** How many recorded state changes are sent before what happens now. */
const recordedLimit = 1_000;

export function watchEventsMethods({ bus, registry, clock }: RpcContext): Methods {
  return {
    async *watchEvents(request, { signal }) {
      const over = new AbortController();
      // Subscribed before the recorded events are read, so that nothing falls between.
      const deliveries = bus.subscribe(AbortSignal.any([signal, over.signal]));
      try {
        const operation =
          request.operationId === "" ? undefined : registry.operations.get(request.operationId);
        yield* recordedEvents(request, registry);
        if (operation !== undefined) yield* journaledEvents(operation).map(encodeAgentEvent);
        yield { timestamp: timestampFromMs(clock.now()), event: { case: "caughtUp", value: {} } };
        if (!request.follow || operation?.outcome !== undefined) return;
        for await (const delivery of deliveries) {
          if (delivery.type === "lost") {
            const value = { count: BigInt(delivery.count) };
            yield { timestamp: timestampFromMs(clock.now()), event: { case: "eventsLost", value } };
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

function recordedEvents(
  { service, since, operationId }: WatchEventsRequest,
  registry: RpcContext["registry"],
): Response[] {
  if (since === undefined || operationId !== "") return [];
  const query = { service, sinceMs: timestampMs(since), limit: recordedLimit };
  return registry.events.recent(query).toReversed().map(encodeRecordedEvent);
}

function concerns(event: AgentEvent, { service, operationId }: WatchEventsRequest): boolean {
  if (service !== "" && event.service !== service) return false;
  return operationId === "" || ("operationId" in event && event.operationId === operationId);
}

/** What has happened in an operation so far, as its journal tells. */
function journaledEvents(operation: OperationRecord): AgentEvent[] {
  const { id: operationId, kind, caller, service, steps, step, startedAtMs, outcome, results } = operation;
  const base = { atMs: startedAtMs, service, operationId } as const;
  const reached = outcome === undefined ? steps.slice(0, step + 1) : steps.slice(0, step);
  return [
    { ...base, component: "", type: "operation-started", kind, caller, steps },
    ...reached.flatMap((entry, index): AgentEvent[] => {
      const about = { ...base, component: entry.component, index, step: entry };
      const finished = { ...about, type: "step-finished", failure: undefined, durationMs: 0 } as const;
      return [{ ...about, type: "step-started" }, ...(index < step ? [finished] : [])];
    }),
    ...(outcome === undefined
      ? []
      : [
          {
            ...base,
            atMs: operation.finishedAtMs,
            component: "",
            type: "operation-finished",
            kind,
            outcome,
            results,
          } as const,
        ]),
  ];
}
