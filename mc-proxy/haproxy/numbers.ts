import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import type { RouteNumbers } from "../engine/engine.ts";
import { backendKey } from "./entries.ts";
import { parseTable } from "./runtime-output.ts";

/** The numbers of each route in what `show table routes` answers. There an entry is kept for each backend that a route has
 * had: its key is `port|host name|backend's address|backend's port`. */
export function routeNumbers(table: string): RouteNumbers[] {
  const routes = new Map<string, RouteNumbers>();
  for (const { key, counters } of parseTable(table)) {
    const [port = "", hostname = ""] = key.split("|");
    const counter = (name: string): number => counters.get(name) ?? 0;
    const sum = routes.get(`${port}|${hostname}`);
    routes.set(`${port}|${hostname}`, {
      port: Number(port),
      hostname,
      connections: (sum?.connections ?? 0) + counter("conn_cur"),
      total: (sum?.total ?? 0) + counter("conn_cnt"),
      clientErrors: (sum?.clientErrors ?? 0) + counter("http_err_cnt"),
      serverErrors: (sum?.serverErrors ?? 0) + counter("http_fail_cnt"),
      bytesIn: (sum?.bytesIn ?? 0) + counter("bytes_in_cnt"),
      bytesOut: (sum?.bytesOut ?? 0) + counter("bytes_out_cnt"),
    });
  }
  return [...routes.values()];
}

/** How much is under way to a backend, by any route. */
export function connectionsOf(table: string, backend: HostAndPort): number {
  const suffix = `|${backendKey(backend)}`;
  return parseTable(table)
    .filter(({ key }) => key.endsWith(suffix))
    .reduce((sum, { counters }) => sum + (counters.get("conn_cur") ?? 0), 0);
}
