import type { DesiredState } from "../../engine/desired-state.ts";
import { field, routesMap } from "../entries.ts";
import type { Paths } from "../paths.ts";
import { clientOfRoute, loopGuards } from "./destination.ts";
import { forwardedClient, forwardedHeaders } from "./forwarded-headers.ts";
import { lookUp } from "./look-up.ts";
import { section } from "./section.ts";

/** Where the TLS of a public port's L7 routes is terminated: a socket in our directory that only the port's own frontend
 * reaches, so that the client's address in its PROXY header is true. */
export function termination(port: number, desired: DesiredState, paths: Paths): string {
  const socket = `unix@${paths.terminationSocketName(port)}`;
  const value = (index: number): string => `var(txn.route),field(${index},|)`;
  return [
    section(`backend terminate-${port}`, ["mode tcp", `server tls ${socket} send-proxy-v2`]),
    section(`frontend tls-${port}`, [
      "mode http",
      "option idle-close-on-response",
      `bind ${socket} mode 600 accept-proxy ssl crt-list ${paths.certificateList} strict-sni alpn h2,http/1.1`,
      // Once for each connection, as all its requests share it.
      "tcp-request session set-var(sess.greeted) ssl_fc_sni,lower",
      ...forwardedClient(),
      "http-request set-var(txn.name) req.fhdr(host),field(1,:),rtrim(.),lower",
      "http-request set-var(txn.asked) var(txn.name)",
      refuse(421, "This connection is for another host.", "!{ var(txn.name),strcmp(sess.greeted) eq 0 }"),
      ...lookUp({ rules: "http-request", scope: "txn", port, map: paths.map(routesMap) }),
      `http-request return status 503 content-type text/html file ${paths.maintenancePage} hdr Retry-After 30 hdr Cache-Control no-store if { var(txn.route) -m beg maintenance| }`,
      refuse(404, "Nothing is served here.", "!{ var(txn.route) -m beg l7| }"),
      ...sanity(),
      ...limits(value, desired.limits.requestHeadTimeoutMs),
      ...forwardedHeaders(port),
      `http-request set-var(txn.backend) var(txn.route),field(${field.address},|,2)`,
      "http-request track-sc1 var(txn.key),concat(|,txn.backend) table routes",
      `http-request set-dst ${value(field.address)}`,
      `http-request set-dst-port ${value(field.port)}`,
      ...loopGuards(desired, "txn").map((guard) => refuse(508, "This route leads back to the proxy.", guard)),
      `http-request set-var(txn.option) ${value(field.option)}`,
      "use_backend h2c if { var(txn.option) -m str h2c }",
      "use_backend tls if { var(txn.option) -m str tls }",
      "default_backend http1",
    ]),
  ].join("\n");
}

/** Requests that could mean something else to the backend than to us. */
function sanity(): string[] {
  return [
    // Backends are told the Host header as it is, so nothing but a port may stand behind the name.
    refuse(
      400,
      "The Host header is not a name and a port.",
      "{ req.fhdr(host) -m sub : } !{ req.fhdr(host) -m reg ^[^:]+:[0-9]*$ }",
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

function limits(value: (index: number) => string, bodyBeginMs: number): string[] {
  const unannounced = `{ ${value(field.lengthNeeded)} -m str 1 } !{ req.hdr(content-length) -m found }`;
  return [
    `http-request set-var(txn.rate) ${value(field.rate)}`,
    `http-request set-var(txn.client) ${clientOfRoute("txn")} if { var(txn.rate) -m int gt 0 }`,
    // What is refused does not count, so that a client which keeps asking is served at the rate.
    `http-request return status 429 content-type text/plain string "Too many requests.\\n" hdr Retry-After 1 if { var(txn.client),table_http_req_rate(route-clients),sub(txn.rate) ge 0 }`,
    "http-request track-sc2 var(txn.client) table route-clients if { var(txn.client) -m found }",
    `http-request set-var(txn.body) ${value(field.body)}`,
    refuse(
      413,
      "The body is too large.",
      `{ var(txn.body) -m int gt 0 } { req.hdr_val(content-length),sub(txn.body) gt 0 }`,
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
