import type { Database } from "@metacircular/mcdsl/database/open.ts";
import type { ObservedState } from "@metacircular/mcp-core/spec.ts";

/** A recorded change of a component's observed state. */
export interface StateEvent {
  readonly id: number;
  readonly service: string;
  readonly component: string;
  readonly previous: ObservedState;
  readonly next: ObservedState;
  readonly atMs: number;
}

/** Table `events`. */
export interface EventTable {
  append(event: Omit<StateEvent, "id">): void;
  /** Newest first; `service` empty: all. */
  recent(query: { service: string; sinceMs: number; limit: number }): StateEvent[];
  /** How often the component changed its state since then. */
  countSince(service: string, component: string, sinceMs: number): number;
  /** Deletes at most `limit` events older than `beforeMs`; returns how many it deleted. */
  prune(beforeMs: number, limit: number): number;
}

export function createEventTable({ sql }: Database): EventTable {
  const insert = sql.prepare(`INSERT INTO events (service, component, prev_state, new_state, timestamp)
    VALUES (?, ?, ?, ?, ?)`);
  const recent = sql.prepare(
    "SELECT * FROM events WHERE timestamp >= ? ORDER BY timestamp DESC, id DESC LIMIT ?",
  );
  const ofService = sql.prepare(`SELECT * FROM events WHERE service = ? AND timestamp >= ?
    ORDER BY timestamp DESC, id DESC LIMIT ?`);
  const count = sql.prepare(
    "SELECT COUNT(*) AS number FROM events WHERE service = ? AND component = ? AND timestamp >= ?",
  );
  const prune = sql.prepare(
    "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE timestamp < ? ORDER BY timestamp LIMIT ?)",
  );
  const iso = (timeMs: number) => new Date(timeMs).toISOString();
  return {
    append({ service, component, previous, next, atMs }) {
      insert.run(service, component, previous, next, iso(atMs));
    },
    recent({ service, sinceMs, limit }) {
      const rows =
        service === "" ? recent.all(iso(sinceMs), limit) : ofService.all(service, iso(sinceMs), limit);
      return rows.map(eventFromRow);
    },
    countSince: (service, component, sinceMs) =>
      Number(count.get(service, component, iso(sinceMs))?.["number"] ?? 0),
    prune: (beforeMs, limit) => Number(prune.run(iso(beforeMs), limit).changes),
  };
}

function eventFromRow(row: Record<string, unknown>): StateEvent {
  return {
    id: Number(row["id"]),
    service: String(row["service"]),
    component: String(row["component"]),
    previous: row["prev_state"] as ObservedState,
    next: row["new_state"] as ObservedState,
    atMs: Date.parse(String(row["timestamp"])),
  };
}
