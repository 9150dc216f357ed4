import type { DesiredState } from "../../engine/desired-state.ts";
import { field, routesMap } from "../entries.ts";
import type { Paths } from "../paths.ts";
import { admission } from "./admission.ts";
import { clientOfRoute, leadsAway } from "./destination.ts";
import { lookUp } from "./look-up.ts";
import { bindAddress, only, section } from "./section.ts";
import { connectionRules, requestRules, tlsOptions, unknownName } from "./served-http.ts";

const hello = "{ req.ssl_hello_type 1 }";

/** Public TLS ports where the greeting has to be read before TLS: connections may be passed on as they are, to an L4 route
 * or to who answers challenges, or begin with a PROXY header, whose client has to be judged first. */
export function sharedPorts(desired: DesiredState): ReadonlySet<number> {
  const all = desired.tlsAlpnBackend !== undefined || desired.trustedProxies.length > 0;
  if (all) return new Set(desired.listeners.map(({ port }) => port));
  return new Set(desired.routes.filter(({ mode }) => mode === "l4").map(({ port }) => port));
}

/** A public TLS port that terminates all its connections: a second hop would cost each request a third more. */
export function terminatingPort(port: number, desired: DesiredState, paths: Paths): string {
  return section(`frontend port-${port}`, [
    "mode http",
    ...bindLines(port, desired).map((line) => `${line} ${tlsOptions(paths)}`),
    ...admission(port, paths, desired.limits, "connection"),
    ...connectionRules(port),
    `tcp-request session reject if ${unknownName(paths)}`,
    ...requestRules(port, desired, paths),
  ]);
}

/** A public TLS port that reads the name in the client's greeting, and passes the connection on without decrypting it, to
 * the backend of an L4 route or to where TLS is terminated. */
export function sharedPort(port: number, desired: DesiredState, paths: Paths): string {
  const { limits } = desired;
  const withAcme = desired.tlsAlpnBackend !== undefined;
  return section(`frontend port-${port}`, [
    "mode tcp",
    ...bindLines(port, desired),
    ...admission(port, paths, limits),
    `tcp-request inspect-delay ${limits.helloTimeoutMs}ms`,
    `tcp-request content reject if !${hello} WAIT_END`,
    `tcp-request content set-var(sess.name) req.ssl_sni,lower if ${hello}`,
    ...lookUp({ rules: "tcp-request content", scope: "sess", port, map: paths.map(routesMap), when: hello }),
    "acl passed_through var(sess.route) -m beg l4|",
    // A client may ask for a certificate before the route is there; an L4 route answers challenges by itself.
    ...only(withAcme, "acl acme req.ssl_alpn -m sub acme-tls/1"),
    ...only(withAcme, `tcp-request content accept if ${hello} acme !passed_through`),
    `tcp-request content reject if ${hello} !{ var(sess.route) -m found }`,
    `tcp-request content accept if ${hello} !passed_through`,
    ...passThrough(desired).map((line) => `tcp-request content ${line}`),
    "use_backend pass-through-proxy if passed_through { var(sess.option) -m str proxy }",
    "use_backend pass-through if passed_through",
    ...only(withAcme, "use_backend acme-tls if acme"),
    `default_backend terminate-${port}`,
  ]);
}

function bindLines(port: number, { listeners }: DesiredState): string[] {
  const addresses = listeners.filter((listener) => listener.port === port).map(({ address }) => address);
  return addresses.map((host) => `bind ${bindAddress({ host, port })}`);
}

/** What is done with the connection of an L4 route once its greeting is there; before, nothing is known of it. */
function passThrough(desired: DesiredState): string[] {
  const value = "var(sess.route)";
  const lines = [
    `set-var(sess.option) ${value},field(${field.option},|)`,
    `set-var(sess.rate) ${value},field(${field.rate},|)`,
    `track-sc1 ${value},field(${field.counted},|,4) table routes`,
    `set-var(sess.client) ${clientOfRoute("sess")}`,
    "reject if passed_through { var(sess.rate) -m int gt 0 } { var(sess.client),table_conn_rate(route-clients),sub(sess.rate) ge 0 }",
    "track-sc2 var(sess.client) table route-clients",
    `set-dst ${value},field(${field.address},|)`,
    `set-dst-port ${value},field(${field.port},|)`,
    `reject unless !passed_through || ${leadsAway(desired, "sess")}`,
  ];
  return lines.map((line) => (line.startsWith("reject") ? line : `${line} if ${hello} passed_through`));
}
