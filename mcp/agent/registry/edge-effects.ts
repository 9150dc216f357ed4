import type { Database } from "@metacircular/mcdsl/database/open.ts";
import type { EdgeEffect, EffectKey, EffectKind, Pending } from "@metacircular/mcp-core/edge/effect.ts";

/** Table `edge_effects`: what the agent has set outside of its containers, written down before it is set and until
 * it is taken away. */
export interface EdgeEffectTable {
  all(): EdgeEffect[];
  ofService(service: string): EdgeEffect[];
  get(key: EffectKey): EdgeEffect | undefined;
  /** Creates or replaces it; without `pending` it is as it should be. */
  record(effect: EdgeEffect): void;
  forget(key: EffectKey): void;
}

export function createEdgeEffectTable({ sql }: Database): EdgeEffectTable {
  const all = sql.prepare("SELECT * FROM edge_effects ORDER BY service, component, kind, hostname, port");
  const ofService = sql.prepare(
    "SELECT * FROM edge_effects WHERE service = ? ORDER BY component, kind, hostname, port",
  );
  const one = sql.prepare("SELECT * FROM edge_effects WHERE kind = ? AND port = ? AND hostname = ?");
  const upsert = sql.prepare(`INSERT OR REPLACE INTO edge_effects (kind, port, hostname, service, component,
    route, mode, target, wanted, pending_code, pending_reason, pending_since, attempts)
    VALUES (:kind, :port, :hostname, :service, :component, :route, :mode, :target, :wanted, :code, :reason,
      :since, :attempts)`);
  const remove = sql.prepare("DELETE FROM edge_effects WHERE kind = ? AND port = ? AND hostname = ?");
  return {
    all: () => all.all().map(effectFromRow),
    ofService: (service) => ofService.all(service).map(effectFromRow),
    get({ kind, port, hostname }) {
      const row = one.get(kind, port, hostname);
      return row === undefined ? undefined : effectFromRow(row);
    },
    record({ pending, wanted, ...columns }) {
      upsert.run({
        ...columns,
        wanted: Number(wanted),
        code: pending?.code ?? "",
        reason: pending?.reason ?? "",
        since: pending === undefined ? "" : new Date(pending.sinceMs).toISOString(),
        attempts: pending?.attempts ?? 0,
      });
    },
    forget({ kind, port, hostname }) {
      remove.run(kind, port, hostname);
    },
  };
}

function effectFromRow(row: Record<string, unknown>): EdgeEffect {
  const text = (column: string) => String(row[column]);
  const pending: Pending = {
    code: text("pending_code"),
    reason: text("pending_reason"),
    sinceMs: Date.parse(text("pending_since")),
    attempts: Number(row["attempts"]),
  };
  return {
    kind: text("kind") as EffectKind,
    port: Number(row["port"]),
    hostname: text("hostname"),
    service: text("service"),
    component: text("component"),
    route: text("route"),
    mode: text("mode") as EdgeEffect["mode"],
    target: text("target"),
    wanted: row["wanted"] === 1,
    ...(text("pending_since") === "" ? {} : { pending }),
  };
}
