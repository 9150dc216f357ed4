import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { WatchEventsResponseSchema } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { AgentEvent } from "../events/agent-event.ts";
import type { StateEvent } from "../registry/events.ts";
import { encodeFailure, encodeResult, encodeStep, outcomeMessages } from "./encode-operation.ts";

type Response = MessageInitShape<typeof WatchEventsResponseSchema>;

export function encodeAgentEvent(event: AgentEvent): Response {
  const { service, component, atMs } = event;
  return { timestamp: timestampFromMs(atMs), service, component, event: encodeBody(event) };
}

export function encodeRecordedEvent({ service, component, previous, next, atMs }: StateEvent): Response {
  return {
    timestamp: timestampFromMs(atMs),
    service,
    component,
    event: { case: "stateChanged", value: { prevState: previous, newState: next } },
  };
}

function encodeBody(event: AgentEvent): NonNullable<Response["event"]> {
  switch (event.type) {
    case "state-changed": {
      const { previous, next, desired, exitCode } = event;
      const value = { prevState: previous, newState: next, desiredState: desired };
      return { case: "stateChanged", value: exitCode === undefined ? value : { ...value, exitCode } };
    }
    case "operation-started": {
      const { operationId, kind, caller, service } = event;
      const steps = event.steps.map((step) => encodeStep(service, step));
      return { case: "operationStarted", value: { operationId, kind, caller, steps } };
    }
    case "step-started": {
      const { operationId, index, service } = event;
      return { case: "stepStarted", value: { operationId, index, step: encodeStep(service, event.step) } };
    }
    case "step-finished": {
      const { operationId, index, service, failure, durationMs } = event;
      const value = {
        operationId,
        index,
        step: encodeStep(service, event.step),
        ...(durationMs === undefined ? {} : { duration: durationFromMs(durationMs) }),
      };
      return {
        case: "stepFinished",
        value: failure === undefined ? value : { ...value, error: encodeFailure(failure) },
      };
    }
    case "operation-finished": {
      const { operationId, kind, outcome, results } = event;
      return {
        case: "operationFinished",
        value: { operationId, kind, outcome: outcomeMessages[outcome], results: results.map(encodeResult) },
      };
    }
    case "tag-moved": {
      const { image, runningDigest, digest } = event;
      return { case: "tagMoved", value: { image, runningDigest, digest } };
    }
    case "alert":
      return {
        case: "alert",
        value: {
          type: event.alert,
          desiredState: event.desired,
          observedState: event.observed,
          prevState: event.previous,
          transitions: event.transitions,
          recoveredType: event.recovered ?? "",
          ...(event.durationMs === undefined ? {} : { duration: durationFromMs(event.durationMs) }),
        },
      };
  }
}
