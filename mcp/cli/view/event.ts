import { durationMs } from "@bufbuild/protobuf/wkt";
import type { WatchEventsResponse } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { outcomeName } from "../operations/outcome.ts";
import { factsOf } from "../output/error.ts";
import type { Output } from "../output/output.ts";
import { plain } from "../output/table.ts";
import { shortDigest } from "./tag.ts";
import { formatLocalTime, formatSpan, isoTime, timeMsOf } from "../output/time.ts";

/** Keys of an event in JSON, one document per line. */
export const eventJson = {
  node: "node",
  time: "when it happened (ISO 8601)",
  service: "service",
  component: "component; empty: the service as a whole",
  type: "state-changed, operation-started, step-started, step-finished, operation-finished, alert, tag-moved or events-lost",
  "…": "what belongs to the type: prev_state, new_state, desired_state, exit_code; operation_id, kind, caller, steps, index, description, error, outcome; alert, observed_state, transitions, recovered_type, duration_ms; image, running_digest, digest; count",
} as const;

type Event = Exclude<WatchEventsResponse["event"], { case: undefined }>;
type Described = {
  readonly type: string;
  readonly text: string;
  readonly style?: "red" | "green";
  readonly facts: Record<string, unknown>;
};

/** What an event says; undefined for those that only steer the stream, and kinds of a newer agent. */
function describe(event: WatchEventsResponse["event"]): Described | undefined {
  switch (event.case) {
    case "stateChanged":
      return stateChanged(event.value);
    case "operationStarted": {
      const { operationId, kind, caller, steps } = event.value;
      const text = `${kind} started by ${caller} (${steps.length} steps)`;
      return {
        type: "operation-started",
        text,
        facts: { operation_id: operationId, kind, caller, steps: steps.length },
      };
    }
    case "stepStarted":
    case "stepFinished":
      return step(event);
    case "operationFinished": {
      const { operationId, kind, outcome } = event.value;
      const text = `${kind} ${outcomeName(outcome)}`;
      return {
        type: "operation-finished",
        text,
        facts: { operation_id: operationId, kind, outcome: outcomeName(outcome) },
      };
    }
    case "alert":
      return alert(event.value);
    case "tagMoved": {
      const { image, runningDigest, digest } = event.value;
      const text = `the tag of ${image} moved from ${shortDigest(runningDigest)} to ${shortDigest(digest)}`;
      return { type: "tag-moved", text, facts: { image, running_digest: runningDigest, digest } };
    }
    case "eventsLost": {
      const count = Number(event.value.count);
      return {
        type: "events-lost",
        text: `${count} events were lost: the reader was too slow`,
        facts: { count },
      };
    }
    default:
      return undefined;
  }
}

function stateChanged(value: Extract<Event, { case: "stateChanged" }>["value"]): Described {
  const { prevState, newState, desiredState, exitCode } = value;
  const code = exitCode === undefined ? "" : ` (exit code ${exitCode})`;
  const text = `${prevState} → ${newState}${code}`;
  const facts = {
    prev_state: prevState,
    new_state: newState,
    desired_state: desiredState,
    exit_code: exitCode ?? null,
  };
  return { type: "state-changed", text, facts };
}

function step(event: Extract<Event, { case: "stepStarted" | "stepFinished" }>): Described {
  const { operationId, index } = event.value;
  const description = event.value.step?.description ?? "";
  const facts = { operation_id: operationId, index, kind: event.value.step?.kind ?? "", description };
  if (event.case === "stepStarted") return { type: "step-started", text: `… ${description}`, facts };
  const { error } = event.value;
  if (error === undefined)
    return { type: "step-finished", text: `✓ ${description}`, facts: { ...facts, error: null } };
  return {
    type: "step-finished",
    text: `✗ ${description}: ${error.found}`,
    facts: { ...facts, error: factsOf(error) },
  };
}

function alert(value: Extract<Event, { case: "alert" }>["value"]): Described {
  const { type, desiredState, observedState, prevState, transitions, recoveredType, duration } = value;
  const facts = {
    alert: type,
    desired_state: desiredState,
    observed_state: observedState,
    prev_state: prevState,
    transitions,
    recovered_type: recoveredType === "" ? null : recoveredType,
    duration_ms: duration === undefined ? null : durationMs(duration),
  };
  return { type: "alert", text: alertText(value), style: type === "recovered" ? "green" : "red", facts };
}

function alertText(value: Extract<Event, { case: "alert" }>["value"]): string {
  const { type, desiredState, observedState, transitions, recoveredType, duration } = value;
  switch (type) {
    case "recovered": {
      const lasted = duration === undefined ? "" : ` after ${formatSpan(durationMs(duration))}`;
      return `RECOVERED from ${recoveredType}${lasted}: is ${observedState}`;
    }
    case "flapping":
      return `ALERT flapping: ${transitions} changes of state`;
    case "edge":
      return "ALERT edge: a route, a DNS record or a certificate has been missing for a while; see mcp status";
    case "certificate":
      return "ALERT certificate: it cannot be renewed; see mcp status";
    default:
      return `ALERT ${type}: should be ${desiredState}, is ${observedState}`;
  }
}

/** Prints an event as a line, or as a JSON document on a line. */
export function showEvent(output: Output, node: string, message: WatchEventsResponse): void {
  const described = describe(message.event);
  if (described === undefined) return;
  const { timestamp, service, component } = message;
  if (output.format === "json") {
    output.jsonLine({
      node,
      time: isoTime(timestamp),
      service,
      component,
      type: described.type,
      ...described.facts,
    });
    return;
  }
  const time = output.style("dim", formatLocalTime(timeMsOf(timestamp) ?? 0));
  const subject = component === "" ? service : `${service}/${component}`;
  const text = plain(described.text);
  output.print(
    `${time}  ${plain(node)}  ${plain(subject)}  ${described.style === undefined ? text : output.style(described.style, text)}`,
  );
}
