import type { CertificateChoice } from "../certificates/choose.ts";
import { type Config, configuredListeners } from "../config.ts";
import type { DesiredState, FirewallRule as EngineRule } from "../engine/desired-state.ts";
import type { Limits } from "../engine/limits.ts";
import type { FirewallRule } from "../routes/firewall-rule.ts";
import { formatRouteKey, type Route } from "../routes/route.ts";

/** All that the data plane is told, from what is stored and configured. */
export function desiredState(parts: {
  config: Config;
  routes: readonly Route[];
  rules: readonly FirewallRule[];
  choice: CertificateChoice;
  countryNetworks: Readonly<Record<string, readonly string[]>>;
  maintenancePage: string | undefined;
}): DesiredState {
  const { config, choice, maintenancePage } = parts;
  const routes = parts.routes.filter((route) => closedPortProblem(config, route) === undefined);
  const { http, tls_alpn, backend, proxy_protocol, metrics } = config;
  return {
    listeners: listenersFor(config, routes),
    ...(http.listen_addr === undefined ? {} : { http: plainHttp(config, http.listen_addr) }),
    // The very objects: what a data plane has worked out for one of them, it need not work out again.
    routes,
    certificates: choice.assigned.map(({ certificate, hostnames }) => ({
      name: certificate.name,
      pem: certificate.pem,
      hostnames,
    })),
    firewall: { rules: parts.rules.map(engineRule), countryNetworks: parts.countryNetworks },
    limits: engineLimits(config),
    trustedProxies: proxy_protocol.trusted,
    ...(tls_alpn.backend === undefined ? {} : { tlsAlpnBackend: tls_alpn.backend }),
    ...(backend.ca_cert === "" ? {} : { backendCaFile: backend.ca_cert }),
    ...(maintenancePage === undefined ? {} : { maintenancePage }),
    ...(metrics.haproxy_listen === undefined ? {} : { metrics: metrics.haproxy_listen }),
  };
}

/** Public ports that are open with these routes, ascending. */
export function openPorts(config: Config, routes: readonly Route[]): number[] {
  return [...new Set(listenersFor(config, routes).map(({ port }) => port))].toSorted((a, b) => a - b);
}

/** Why a route cannot be served although it is stored; undefined: it can. */
export function closedPortProblem({ listen }: Config, route: Route): string | undefined {
  if (listen.any_port || listen.ports.includes(route.port)) return undefined;
  return `route ${formatRouteKey(route)} is not served: port ${route.port} is not among [listen] ports any more`;
}

function listenersFor(config: Config, routes: readonly Route[]): { address: string; port: number }[] {
  const configured = configuredListeners(config);
  if (!config.listen.any_port) return configured;
  const further = new Set(routes.map(({ port }) => port)).difference(new Set(config.listen.ports));
  return [
    ...configured,
    ...[...further]
      .toSorted((a, b) => a - b)
      .flatMap((port) => config.listen.addresses.map((address) => ({ address, port }))),
  ];
}

function plainHttp(
  { http, listen }: Config,
  address: NonNullable<Config["http"]["listen_addr"]>,
): NonNullable<DesiredState["http"]> {
  return {
    listen: [address],
    redirectPort: http.redirect_port === 0 ? (listen.ports[0] ?? 443) : http.redirect_port,
    ...(http.acme_backend === undefined ? {} : { acmeBackend: http.acme_backend }),
  };
}

function engineRule({ action, source, port }: FirewallRule): EngineRule {
  return { action, ...source, port };
}

function engineLimits({ limits }: Config): Limits {
  return {
    maxConnections: limits.max_connections,
    connectionsPerAddress: limits.connections_per_address,
    connectionsPerAddressPer10s: limits.connections_per_address_per_10s,
    helloTimeoutMs: limits.hello_timeout,
    requestHeadTimeoutMs: limits.request_head_timeout,
    keepAliveTimeoutMs: limits.keep_alive_timeout,
    connectTimeoutMs: limits.connect_timeout,
    connectRetries: limits.connect_retries,
    clientTimeoutMs: limits.client_timeout,
    backendTimeoutMs: limits.backend_timeout,
    tunnelTimeoutMs: limits.tunnel_timeout,
    drainTimeoutMs: limits.drain_timeout,
    stopTimeoutMs: limits.stop_timeout,
    maxBodyBytes: limits.max_body_bytes,
  };
}
