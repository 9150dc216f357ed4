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
  /** Deletes at most `limit` events older than `beforeMs`; returns how many it deleted. */
  prune(beforeMs: number, limit: number): number;
  /** Deletes at most `limit` of those beyond the newest `keep`; returns how many it deleted. */
  trim(keep: number, limit: number): number;
}

export function createEventTable({ sql }: Database): EventTable {
  const insert = sql.prepare(`INSERT INTO events (service, component, prev_state, new_state, timestamp)
    VALUES (?, ?, ?, ?, ?)`);
  const recent = sql.prepare(
    "SELECT * FROM events WHERE timestamp >= ? ORDER BY timestamp DESC, id DESC LIMIT ?",
  );
  const ofService = sql.prepare(`SELECT * FROM events WHERE service = ? AND timestamp >= ?
    ORDER BY timestamp DESC, id DESC LIMIT ?`);
  const prune = sql.prepare(
    "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE timestamp < ? ORDER BY timestamp LIMIT ?)",
  );
  // Numbers are given without gaps.
  const trim = sql.prepare(`DELETE FROM events WHERE id IN
    (SELECT id FROM events WHERE id <= (SELECT MAX(id) FROM events) - ? ORDER BY id LIMIT ?)`);
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
    prune: (beforeMs, limit) => Number(prune.run(iso(beforeMs), limit).changes),
    trim: (keep, limit) => Number(trim.run(keep, limit).changes),
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
