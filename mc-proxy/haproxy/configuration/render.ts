import { formatHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import type { DesiredState } from "../../engine/desired-state.ts";
import type { Limits } from "../../engine/limits.ts";
import type { Paths } from "../paths.ts";
import { plainHttp } from "./plain-http.ts";
import { sharedPort, sharedPorts, terminatingPort } from "./public-port.ts";
import { bindAddress, only, section } from "./section.ts";
import { termination } from "./termination.ts";

/** What HAProxy reads at its start: all that does not change at run time. Routes, certificates and firewall rules are in
 * files of their own, and may change without it. */
export function renderConfiguration(
  desired: DesiredState,
  paths: Paths,
  process: { generation: number; description: string },
): string {
  const ports = [...new Set(desired.listeners.map(({ port }) => port))];
  const shared = sharedPorts(desired);
  return [
    "# Written by mc-proxy; changes are lost.",
    globalSection(
      // A terminated connection of a shared port counts twice: there, and where TLS is terminated.
      desired.limits.maxConnections * (shared.size > 0 ? 2 : 1),
      desired.limits,
      paths.adminSocketName(process.generation),
      process.description,
    ),
    defaultsSection(desired.limits),
    ...tables(),
    ...ports.flatMap((port) => [
      (shared.has(port) ? sharedPort : terminatingPort)(port, desired, paths),
      termination(port, desired, paths),
    ]),
    ...passThroughBackends(),
    ...httpBackends(desired),
    ...(desired.http === undefined ? [] : plainHttp(desired.http, desired, paths)),
    ...acmeBackends(desired),
    ...metricsPort(desired),
  ].join("\n");
}

/** TLS as Mozilla's "intermediate" recommends it: 1.2 with forward secrecy and authenticated encryption only, and 1.3. */
const cipherList = ["ECDSA", "RSA"]
  .flatMap((key) =>
    ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"].map((cipher) => `ECDHE-${key}-${cipher}`),
  )
  .join(":");
const cipherSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

function globalSection(
  maxConnections: number,
  limits: Limits,
  adminSocket: string,
  description: string,
): string {
  return section("global", [
    ...only(description !== "", `description ${description}`),
    `stats socket unix@${adminSocket} mode 600 level admin expose-fd listeners`,
    "stats timeout 30s",
    "log stderr format raw local0 notice",
    `maxconn ${maxConnections}`,
    "no strict-limits",
    // Otherwise another HAProxy of the same user could listen on the same port, and get some of its connections. Our own
    // next process takes over the sockets.
    "noreuseport",
    `hard-stop-after ${limits.drainTimeoutMs}ms`,
    "ssl-default-bind-options ssl-min-ver TLSv1.2",
    `ssl-default-bind-ciphers ${cipherList}`,
    `ssl-default-bind-ciphersuites ${cipherSuites}`,
    "ssl-default-server-options ssl-min-ver TLSv1.2",
  ]);
}

function defaultsSection(limits: Limits): string {
  return section("defaults", [
    "log global",
    "option dontlognull",
    "option dontlog-normal",
    `timeout connect ${limits.connectTimeoutMs}ms`,
    `timeout client ${limits.clientTimeoutMs}ms`,
    `timeout server ${limits.backendTimeoutMs}ms`,
    `timeout tunnel ${limits.tunnelTimeoutMs}ms`,
    "timeout client-fin 30s",
    "timeout server-fin 30s",
    `timeout http-request ${limits.requestHeadTimeoutMs}ms`,
    `timeout http-keep-alive ${limits.keepAliveTimeoutMs}ms`,
    `retries ${limits.connectRetries}`,
    // A backend that closes a kept connection just as it is used again is asked once more, where that cannot hurt.
    "retry-on conn-failure empty-response",
    `http-error status 502 content-type text/plain string "The backend did not answer properly.\\n"`,
    `http-error status 503 content-type text/plain string "The backend cannot be reached.\\n" hdr Retry-After 5`,
    `http-error status 504 content-type text/plain string "The backend did not answer in time.\\n"`,
  ]);
}

/** Counters: of clients, of clients at a route, and of routes. Generic backends would hide the last. */
function tables(): string[] {
  const table = (name: string, line: string): string => section(`backend ${name}`, [`stick-table ${line}`]);
  return [
    table("clients", "type ipv6 size 100k expire 1m store conn_cur,conn_rate(10s)"),
    table("route-clients", "type binary len 20 size 100k expire 10s store conn_rate(1s),http_req_rate(1s)"),
    table(
      "routes",
      "type string len 320 size 20k expire 1d store conn_cur,conn_cnt,http_req_cnt,http_err_cnt,http_fail_cnt,bytes_in_cnt,bytes_out_cnt",
    ),
  ];
}

/** Where the address 0.0.0.0:0 stands, the destination is what the rules of the frontend have set. */
const destination = "0.0.0.0:0";

function passThroughBackends(): string[] {
  return [
    section("backend pass-through", ["mode tcp", `server any ${destination}`]),
    section("backend pass-through-proxy", ["mode tcp", `server any ${destination} send-proxy-v2`]),
  ];
}

function httpBackends(desired: DesiredState): string[] {
  const lines = [
    "mode http",
    "http-request disable-l7-retry unless { method GET HEAD OPTIONS }",
    `http-request set-timeout server ${desired.limits.tunnelTimeoutMs}ms if { req.hdr(accept) -m sub text/event-stream } || { req.hdr(content-type) -m beg application/grpc }`,
  ];
  // The client's Host header says which name a TLS backend has to prove.
  const verified = `ssl verify required ca-file ${desired.backendCaFile ?? ""} sni var(sess.greeted) alpn h2,http/1.1`;
  return [
    section("backend http1", [...lines, `server any ${destination}`]),
    section("backend h2c", [...lines, `server any ${destination} proto h2`]),
    section("backend tls", [
      ...lines,
      desired.backendCaFile === undefined
        ? `http-request return status 503 content-type text/plain string "No authority for backends is configured.\\n"`
        : `server any ${destination} ${verified}`,
    ]),
  ];
}

function acmeBackends({ http, tlsAlpnBackend }: DesiredState): string[] {
  const backend = (name: string, mode: string, address: string): string =>
    section(`backend ${name}`, [`mode ${mode}`, `server responder ${address}`]);
  return [
    ...(http?.acmeBackend === undefined
      ? []
      : [backend("acme-http", "http", formatHostAndPort(http.acmeBackend))]),
    ...(tlsAlpnBackend === undefined ? [] : [backend("acme-tls", "tcp", formatHostAndPort(tlsAlpnBackend))]),
  ];
}

function metricsPort({ metrics }: DesiredState): string[] {
  if (metrics === undefined) return [];
  return [
    section("frontend metrics", [
      "mode http",
      `bind ${bindAddress(metrics)}`,
      "http-request use-service prometheus-exporter if { path /metrics }",
      `http-request return status 404 content-type text/plain string "See /metrics.\\n"`,
    ]),
  ];
}
