import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { WatchEventsResponseSchema } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { AgentEvent } from "../events/agent-event.ts";
import type { AlertRecord } from "../registry/alerts.ts";
import type { Registry } from "../registry/registry.ts";
import { encodeAgentEvent, encodeRecordedEvent } from "./encode-agent-event.ts";

type Response = MessageInitShape<typeof WatchEventsResponseSchema>;

/** Of more, the newest are sent. */
const limit = 1_000;

/** The changes of state and the alerts since then, oldest first. Begins with `eventsLost` where there are more. */
export function recordedEvents(
  registry: Pick<Registry, "events" | "alerts">,
  { service, sinceMs }: { service: string; sinceMs: number },
): Response[] {
  const query = { service, sinceMs, limit: limit + 1 };
  const changes = registry.events.recent(query).map((event) => ({
    atMs: event.atMs,
    message: encodeRecordedEvent(event),
  }));
  const alerts = registry.alerts
    .since(query)
    .flatMap(announcementsOf)
    .filter(({ atMs }) => atMs >= sinceMs)
    .map((event) => ({ atMs: event.atMs, message: encodeAgentEvent(event) }));
  // Alerts follow the changes of the same moment that led to them.
  const all = [...changes.toReversed(), ...alerts].toSorted((a, b) => a.atMs - b.atMs);
  const events = all.slice(-limit).map(({ message }) => message);
  // How many more there are is not counted.
  return all.length > limit ? [eventsLost(1, sinceMs), ...events] : events;
}

export function eventsLost(count: number, atMs: number): Response {
  return { timestamp: timestampFromMs(atMs), event: { case: "eventsLost", value: { count: BigInt(count) } } };
}

/** What was told of an alert, as far as its row remembers: its first announcement, with what was observed at its
 * last, and its end. */
function announcementsOf(record: AlertRecord): AgentEvent[] {
  const { type: alert, service, component, desired, observed, previous, transitions } = record;
  const about = { type: "alert", service, component, desired, transitions } as const;
  const raised = { ...about, alert, atMs: record.raisedAtMs, observed, previous } as const;
  if (record.recoveredAtMs === 0) return [raised];
  const recovered = {
    ...about,
    alert: "recovered",
    atMs: record.recoveredAtMs,
    observed: record.recoveredState,
    previous: observed,
    recovered: alert,
    durationMs: Math.max(0, record.recoveredAtMs - record.raisedAtMs),
  } as const;
  return [raised, recovered];
}
