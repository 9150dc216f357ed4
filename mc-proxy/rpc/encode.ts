import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import * as wire from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { formatBackend } from "../routes/backend.ts";
import type { FirewallRule } from "../routes/firewall-rule.ts";
import type { BackendProtocol, Route, RouteMode } from "../routes/route.ts";
import type { ProxyStatus, RouteStatus } from "../control/status.ts";

export const wireModes: Readonly<Record<RouteMode, wire.RouteMode>> = {
  l4: wire.RouteMode.L4,
  l7: wire.RouteMode.L7,
};

export const wireProtocols: Readonly<Record<BackendProtocol, wire.BackendProtocol>> = {
  http1: wire.BackendProtocol.UNSPECIFIED,
  h2c: wire.BackendProtocol.H2C,
  tls: wire.BackendProtocol.TLS,
};

export function encodeRoute(route: Route): wire.Route {
  return create(wire.RouteSchema, {
    port: route.port,
    hostname: route.hostname,
    mode: wireModes[route.mode],
    backend: formatBackend(route.backend),
    backendProtocol: wireProtocols[route.backendProtocol],
    sendProxyProtocol: route.sendProxyProtocol,
    owner: route.owner,
    maintenance: route.maintenance,
    maxBodyBytes: BigInt(route.maxBodyBytes),
    rateLimit: route.rateLimit,
  });
}

export function encodeRouteStatus(status: RouteStatus): wire.RouteInfo {
  const notAfterMs = status.certificateNotAfterMs;
  return create(wire.RouteInfoSchema, {
    route: encodeRoute(status.route),
    updated: timestampFromMs(status.updatedAtMs),
    connections: status.connections,
    ...(notAfterMs === undefined ? {} : { certificateNotAfter: timestampFromMs(notAfterMs) }),
  });
}

export function encodeStatus(status: ProxyStatus): wire.GetStatusResponse {
  const { dataPlane } = status;
  return create(wire.GetStatusResponseSchema, {
    version: status.version,
    started: timestampFromMs(status.startedAtMs),
    dataPlane: {
      engine: dataPlane.engine,
      running: dataPlane.running,
      pid: dataPlane.pid ?? 0,
      ...(dataPlane.startedAtMs === undefined ? {} : { started: timestampFromMs(dataPlane.startedAtMs) }),
      restarts: dataPlane.restarts,
      ...(dataPlane.checkedAtMs === undefined ? {} : { checked: timestampFromMs(dataPlane.checkedAtMs) }),
      repaired: dataPlane.repaired,
      connections: dataPlane.connections,
    },
    ports: [...status.ports],
    anyPort: status.anyPort,
    routes: status.routes,
    certificates: status.certificates,
    problems: [...status.problems],
  });
}

export function encodeFirewallRule(rule: FirewallRule): wire.FirewallRule {
  const { source } = rule;
  return create(wire.FirewallRuleSchema, {
    id: rule.id,
    action: rule.action === "deny" ? wire.FirewallAction.DENY : wire.FirewallAction.ALLOW,
    source:
      "cidr" in source ? { case: "cidr", value: source.cidr } : { case: "country", value: source.country },
    port: rule.port,
    comment: rule.comment,
  });
}
