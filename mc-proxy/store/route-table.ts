import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { BackendProtocol, Route, RouteKey, RouteMode } from "../routes/route.ts";

/** A route as it is stored. */
export interface StoredRoute {
  readonly route: Route;
  readonly updatedAtMs: number;
}

type Row = Record<string, SQLOutputValue>;

/** The routes in the database. */
export class RouteTable {
  readonly #sql: DatabaseSync;

  constructor(sql: DatabaseSync) {
    this.#sql = sql;
  }

  /** By host name and port. */
  all(): StoredRoute[] {
    return this.#sql.prepare("SELECT * FROM routes ORDER BY hostname, port").all().map(storedRoute);
  }

  count(): number {
    return Number(this.#sql.prepare("SELECT count(*) AS count FROM routes").get()?.["count"]);
  }

  get({ hostname, port }: RouteKey): StoredRoute | undefined {
    const row = this.#sql.prepare("SELECT * FROM routes WHERE hostname = ? AND port = ?").get(hostname, port);
    return row === undefined ? undefined : storedRoute(row);
  }

  /** Adds it, or replaces the one with its key. */
  put({ route, updatedAtMs }: StoredRoute): void {
    this.#sql
      .prepare(
        `INSERT OR REPLACE INTO routes (hostname, port, mode, backend_host, backend_port, backend_protocol,
         send_proxy_protocol, owner, maintenance, max_body_bytes, rate_limit, updated_at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        route.hostname,
        route.port,
        route.mode,
        route.backend.host,
        route.backend.port,
        route.backendProtocol,
        Number(route.sendProxyProtocol),
        route.owner,
        Number(route.maintenance),
        route.maxBodyBytes,
        route.rateLimit,
        updatedAtMs,
      );
  }

  remove({ hostname, port }: RouteKey): void {
    this.#sql.prepare("DELETE FROM routes WHERE hostname = ? AND port = ?").run(hostname, port);
  }
}

function storedRoute(row: Row): StoredRoute {
  return {
    route: {
      hostname: String(row["hostname"]),
      port: Number(row["port"]),
      mode: row["mode"] as RouteMode,
      backend: { host: String(row["backend_host"]), port: Number(row["backend_port"]) },
      backendProtocol: row["backend_protocol"] as BackendProtocol,
      sendProxyProtocol: row["send_proxy_protocol"] === 1,
      owner: String(row["owner"]),
      maintenance: row["maintenance"] === 1,
      maxBodyBytes: Number(row["max_body_bytes"]),
      rateLimit: Number(row["rate_limit"]),
    },
    updatedAtMs: Number(row["updated_at_ms"]),
  };
}
