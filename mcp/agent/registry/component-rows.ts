import type { Database } from "@metacircular/mcdsl/database/open.ts";
import type { HostPorts } from "@metacircular/mcp-core/observed.ts";
import {
  defaultHealth,
  type ComponentSpec,
  type DesiredState,
  type HealthSpec,
  type ObservedState,
  type RouteSpec,
  type UpdateStrategy,
} from "@metacircular/mcp-core/spec.ts";
import type { ComponentRecord, ObservationSource } from "./component-record.ts";

/** The lists of a component, each in a table of its own. */
export interface ComponentLists {
  load(service: string, component: string): Lists;
  replace(service: string, spec: ComponentSpec, hostPorts: HostPorts): void;
}

type Lists = Pick<ComponentSpec, "ports" | "volumes" | "cmd" | "env" | "routes"> & {
  readonly hostPorts: HostPorts;
};

const listTables = [
  { table: "component_ports", column: "mapping", field: "ports" },
  { table: "component_volumes", column: "mapping", field: "volumes" },
  { table: "component_cmd", column: "arg", field: "cmd" },
  { table: "component_env", column: "assignment", field: "env" },
] as const;

export function createComponentLists({ sql }: Database): ComponentLists {
  const lists = listTables.map(({ table, column, field }) => ({
    field,
    select: sql.prepare(
      `SELECT ${column} AS value FROM ${table} WHERE service = ? AND component = ? ORDER BY position`,
    ),
    remove: sql.prepare(`DELETE FROM ${table} WHERE service = ? AND component = ?`),
    insert: sql.prepare(`INSERT INTO ${table} (service, component, position, ${column}) VALUES (?, ?, ?, ?)`),
  }));
  const selectRoutes = sql.prepare(
    "SELECT * FROM component_routes WHERE service = ? AND component = ? ORDER BY position",
  );
  const removeRoutes = sql.prepare("DELETE FROM component_routes WHERE service = ? AND component = ?");
  const insertRoute = sql.prepare(`INSERT INTO component_routes
    (service, component, position, name, port, mode, hostname, host_port) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  return {
    load(service, component) {
      const [ports, volumes, cmd, env] = lists.map(({ select }) =>
        select.all(service, component).map((row) => String(row["value"])),
      ) as [string[], string[], string[], string[]];
      const rows = selectRoutes.all(service, component);
      const hostPorts = Object.fromEntries(
        rows
          .filter((row) => row["host_port"] !== 0)
          .map((row) => [String(row["name"]), Number(row["host_port"])]),
      );
      return { ports, volumes, cmd, env, routes: rows.map(routeFromRow), hostPorts };
    },
    replace(service, spec, hostPorts) {
      for (const { field, remove, insert } of lists) {
        remove.run(service, spec.name);
        for (const [position, value] of spec[field].entries()) {
          insert.run(service, spec.name, position, value);
        }
      }
      removeRoutes.run(service, spec.name);
      for (const [position, { name, port, mode, hostname }] of spec.routes.entries()) {
        insertRoute.run(service, spec.name, position, name, port, mode, hostname, hostPorts[name] ?? 0);
      }
    },
  };
}

export function componentFromRow(row: Record<string, unknown>, lists: ComponentLists): ComponentRecord {
  const service = String(row["service"]);
  const name = String(row["name"]);
  const { hostPorts, ...declared } = lists.load(service, name);
  const health = String(row["health"]);
  return {
    service,
    spec: {
      name,
      image: String(row["image"]),
      network: String(row["network"]),
      user: String(row["user_spec"]),
      restart: String(row["restart"]),
      ...declared,
      health: health === "" ? defaultHealth : (JSON.parse(health) as HealthSpec),
      update: row["update_strategy"] as UpdateStrategy,
    },
    desired: row["desired_state"] as DesiredState,
    hostPorts,
    version: String(row["version"]),
    imageDigest: String(row["image_digest"]),
    deployedSpecHash: String(row["deployed_spec_hash"]),
    adoptedContainer: String(row["adopted_container"]),
    observed: {
      state: row["observed_state"] as ObservedState,
      atMs: millisecondsOf(row["observed_at"]),
      from: row["observed_from"] as ObservationSource,
      exitCode: typeof row["exit_code"] === "number" ? row["exit_code"] : undefined,
      startedAtMs: millisecondsOf(row["started_at"]),
      specHash: String(row["observed_spec_hash"]),
    },
  };
}

function routeFromRow(row: Record<string, unknown>): RouteSpec {
  return {
    name: String(row["name"]),
    port: Number(row["port"]),
    mode: row["mode"] as RouteSpec["mode"],
    hostname: String(row["hostname"]),
  };
}

function millisecondsOf(iso: unknown): number {
  return typeof iso === "string" && iso !== "" ? Date.parse(iso) : 0;
}
