import {
  BackendProtocol,
  type Route,
  type RouteInfo,
  RouteMode,
} from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import { formatTimestamp } from "./time.ts";

/** One line, e.g. `hello.example.org:443 -> 127.0.0.1:8080 (l7)`. */
export function describeRoute(route: Route): string {
  const { hostname, port, backend } = route;
  return `${hostname}:${port} -> ${backend} (${[modeName(route), ...optionsOf(route)].join(", ")})`;
}

export function routeTable(infos: readonly RouteInfo[]): string[] {
  return formatTable(
    ["HOSTNAME", "PORT", "MODE", "BACKEND", "OPTIONS", "OPEN", "CERTIFICATE UNTIL", "OWNER", "CHANGED"],
    infos.flatMap(({ route, connections, certificateNotAfter, updated }) =>
      route === undefined
        ? []
        : [
            [
              route.hostname,
              String(route.port),
              modeName(route),
              route.backend,
              optionsOf(route).join(",") || "-",
              String(connections),
              route.mode === RouteMode.L4
                ? "-"
                : certificateNotAfter === undefined
                  ? "none"
                  : formatTimestamp(certificateNotAfter),
              route.owner || "-",
              formatTimestamp(updated),
            ],
          ],
    ),
  );
}

function modeName({ mode }: Route): string {
  return mode === RouteMode.L4 ? "l4" : "l7";
}

function optionsOf(route: Route): string[] {
  return [
    ...(route.backendProtocol === BackendProtocol.H2C ? ["h2c"] : []),
    ...(route.backendProtocol === BackendProtocol.TLS ? ["tls"] : []),
    ...(route.sendProxyProtocol ? ["proxy-protocol"] : []),
    ...(route.maxBodyBytes > 0n ? [`max-body=${route.maxBodyBytes}`] : []),
    ...(route.rateLimit > 0 ? [`rate=${route.rateLimit}/s`] : []),
    ...(route.maintenance ? ["maintenance"] : []),
  ];
}
