import type { Database } from "@metacircular/mcdsl/database/open.ts";
import type { Repair } from "@metacircular/mcp-core/repair.ts";

/** A component that is being repaired, or was not long ago. */
export interface RepairRecord extends Repair {
  readonly service: string;
  readonly component: string;
}

/** Table `repairs`. An entry goes with its component. */
export interface RepairTable {
  /** In the order in which they are due. */
  all(): RepairRecord[];
  get(service: string, component: string): RepairRecord | undefined;
  /** Creates or replaces it; the component must exist. */
  record(entry: RepairRecord): void;
  forget(service: string, component: string): void;
}

export function createRepairTable({ sql }: Database): RepairTable {
  const all = sql.prepare("SELECT * FROM repairs ORDER BY next_at, service, component");
  const one = sql.prepare("SELECT * FROM repairs WHERE service = ? AND component = ?");
  const upsert = sql.prepare(`INSERT OR REPLACE INTO repairs
    (service, component, state, cause, attempts, reason, log, next_at, since)
    VALUES (:service, :component, :state, :cause, :attempts, :reason, :log, :next, :since)`);
  const remove = sql.prepare("DELETE FROM repairs WHERE service = ? AND component = ?");
  return {
    all: () => all.all().map(repairFromRow),
    get(service, component) {
      const row = one.get(service, component);
      return row === undefined ? undefined : repairFromRow(row);
    },
    record({ log, nextAtMs, sinceMs, ...columns }) {
      upsert.run({ ...columns, log: JSON.stringify(log), next: iso(nextAtMs), since: iso(sinceMs) });
    },
    forget(service, component) {
      remove.run(service, component);
    },
  };
}

function iso(timeMs: number): string {
  return timeMs === 0 ? "" : new Date(timeMs).toISOString();
}

function repairFromRow(row: Record<string, unknown>): RepairRecord {
  const text = (column: string) => String(row[column]);
  const timeMs = (column: string) => (text(column) === "" ? 0 : Date.parse(text(column)));
  return {
    service: text("service"),
    component: text("component"),
    state: text("state") as Repair["state"],
    cause: text("cause") as Repair["cause"],
    attempts: Number(row["attempts"]),
    reason: text("reason"),
    log: JSON.parse(text("log")) as string[],
    nextAtMs: timeMs("next_at"),
    sinceMs: timeMs("since"),
  };
}
