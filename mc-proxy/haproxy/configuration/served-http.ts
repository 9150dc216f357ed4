import type { DesiredState } from "../../engine/desired-state.ts";
import { field, limitedKind, routesMap } from "../entries.ts";
import type { Paths } from "../paths.ts";
import { clientOfRoute, leadsAway } from "./destination.ts";
import { forwardedClient, forwardedHeaders } from "./forwarded-headers.ts";

/** Of a `bind` line that terminates TLS. */
export function tlsOptions(paths: Paths): string {
  return `ssl crt-list ${paths.certificateList} strict-sni alpn h2,http/1.1`;
}

/** Rules for the requests of L7 routes, behind those for their connections. */
export function requestRules(port: number, desired: DesiredState, paths: Paths): string[] {
  return [
    "option idle-close-on-response",
    // Hardly any client says it otherwise than in its greeting, and then nothing is wrong with it.
    "acl host_as_greeted req.fhdr(host),strcmp(sess.greeted) eq 0",
    refuse(
      421,
      "This connection is for another host.",
      "!host_as_greeted !{ req.fhdr(host),field(1,:),rtrim(.),lower,strcmp(sess.greeted) eq 0 }",
    ),
    // The host is the name of the greeting. Its route is looked up each time, as it may move.
    `http-request set-var(txn.route) ${entry("key", paths)}`,
    `http-request set-var(txn.route) ${entry("wildcard", paths)} if !{ var(txn.route) -m found }`,
    `http-request return status 503 content-type text/html file ${paths.maintenancePage} hdr Retry-After 30 hdr Cache-Control no-store if { var(txn.route) -m beg maintenance| }`,
    refuse(404, "Nothing is served here.", "!{ var(txn.route) -m beg l7 }"),
    ...sanity(),
    ...limits(desired.limits.requestHeadTimeoutMs),
    ...forwardedHeaders(port),
    `http-request track-sc1 var(txn.route),field(${field.counted},|,4) table routes`,
    `http-request set-dst ${value(field.address)}`,
    `http-request set-dst-port ${value(field.port)}`,
    `http-request return status 508 content-type text/plain string "This route leads back to the proxy.\\n" unless ${leadsAway(desired, "txn")}`,
    `use_backend %[${value(field.option)}]`,
  ];
}

/** The condition that there is no route for the name in the greeting. */
export function unknownName(paths: Paths): string {
  return `!{ ${entry("key", paths)} -m found } !{ ${entry("wildcard", paths)} -m found }`;
}

/** Rules for the connections of L7 routes: what all requests of one share is worked out once. A wildcard stands for what can
 * be a label only: the name goes into headers, and clients may send quotes, slashes and `@` in it. */
export function connectionRules(port: number): string[] {
  return [
    "tcp-request session set-var(sess.greeted) ssl_fc_sni,lower",
    `tcp-request session set-var(sess.key) str(${port}|),concat(,sess.greeted)`,
    "tcp-request session set-var(sess.wildcard) var(sess.greeted),regsub(^[a-z0-9_-]+[.],*.)",
    `tcp-request session set-var(sess.wildcard) str(${port}|),concat(,sess.wildcard)`,
    ...forwardedClient(),
  ];
}

function entry(name: "key" | "wildcard", paths: Paths): string {
  return `var(sess.${name}),map_str(${paths.map(routesMap)})`;
}

function value(index: number): string {
  return `var(txn.route),field(${index},|)`;
}

/** Requests that could mean something else to the backend than to us. */
function sanity(): string[] {
  return [
    // Backends are told the Host header as it is, so nothing but a port may stand behind the name.
    refuse(
      400,
      "The Host header is not a name and a port.",
      "!host_as_greeted { req.fhdr(host) -m sub : } !{ req.fhdr(host) -m reg ^[^:]+:[0-9]*$ }",
    ),
    // A tunnel to anywhere is none of a reverse proxy's business. WebSockets over HTTP/2 are not this method here.
    refuse(405, "This method is not served.", "{ method CONNECT }"),
    // Headers named here are dropped by a backend that heeds RFC 9110, section 7.6.1: nobody may have ours dropped.
    refuse(
      400,
      "The Connection header names a header of the proxy.",
      "{ req.hdr(connection),lower -m sub forward }",
    ),
    // A backend that agreed to HTTP/2 on its connection would make it a tunnel past every rule of ours (RFC 9113 knows
    // this upgrade no more).
    "http-request del-header ^(upgrade|http2-settings)$ -m reg if { req.hdr(upgrade),lower -m beg h2 }",
  ];
}

function limits(bodyBeginMs: number): string[] {
  const unannounced = `limited { ${value(field.lengthNeeded)} -m str 1 } !announced`;
  return [
    `acl limited var(txn.route) -m beg ${limitedKind}`,
    "acl announced req.hdr(content-length) -m found",
    `http-request set-var(txn.rate) ${value(field.rate)} if limited`,
    `http-request set-var(txn.key) var(txn.route),field(${field.counted},|,2) if limited`,
    `http-request set-var(txn.client) ${clientOfRoute("txn")} if limited { var(txn.rate) -m int gt 0 }`,
    // What is refused does not count, so that a client which keeps asking is served at the rate.
    `http-request return status 429 content-type text/plain string "Too many requests.\\n" hdr Retry-After 1 if limited { var(txn.client),table_http_req_rate(route-clients),sub(txn.rate) ge 0 }`,
    "http-request track-sc2 var(txn.client) table route-clients if limited { var(txn.client) -m found }",
    `http-request set-var(txn.body) ${value(field.body)} if announced`,
    refuse(
      413,
      "The body is too large.",
      `announced { var(txn.body) -m int gt 0 } { req.hdr_val(content-length),sub(txn.body) gt 0 }`,
    ),
    refuse(
      411,
      "The body's length has to be announced.",
      `${unannounced} { req.hdr(transfer-encoding) -m found }`,
    ),
    // HTTP/2 needs neither header for a body, whatever the method. WebSockets, whose client waits for the answer, are
    // the only requests there that seem to ask for an upgrade.
    `http-request wait-for-body time ${bodyBeginMs}ms at-least 1 if ${unannounced} { fc_http_major 2 } !{ req.hdr(upgrade) -m found }`,
    refuse(411, "The body's length has to be announced.", `${unannounced} { req.body_len gt 0 }`),
  ];
}

function refuse(status: number, sentence: string, condition: string): string {
  return `http-request return status ${status} content-type text/plain string "${sentence}\\n" if ${condition}`;
}
