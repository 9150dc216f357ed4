import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { isOwnListener, type OwnListeners, parseBackend } from "./backend.ts";
import { hostnameProblem } from "./hostname.ts";

export const routeModes = ["l4", "l7"] as const;
export type RouteMode = (typeof routeModes)[number];

export const backendProtocols = ["http1", "h2c", "tls"] as const;
export type BackendProtocol = (typeof backendProtocols)[number];

/** What identifies a route. */
export interface RouteKey {
  /** Public port. */
  readonly port: number;
  /** Lower case; `*.example.org`: all names with one more label that have no route of their own. */
  readonly hostname: string;
}

/** Where requests for a host name at a public port go. */
export interface Route extends RouteKey {
  /** `l4`: TLS is passed through; `l7`: it is terminated here. */
  readonly mode: RouteMode;
  readonly backend: HostAndPort;
  /** What an L7 route speaks to its backend; `http1` for L4. */
  readonly backendProtocol: BackendProtocol;
  /** Of L4: tells the backend the client's address by PROXY protocol, version 2. */
  readonly sendProxyProtocol: boolean;
  /** Free text. */
  readonly owner: string;
  readonly maintenance: boolean;
  /** Of L7; 0: the configured default. */
  readonly maxBodyBytes: number;
  /** Requests (L7) or connections (L4) per second from one client address; 0: no limit. */
  readonly rateLimit: number;
}

/** A route as it was asked for. */
export interface RouteRequest extends Omit<Route, "mode" | "backend" | "backendProtocol"> {
  /** Undefined: not said. */
  readonly mode: RouteMode | undefined;
  /** `address:port` */
  readonly backend: string;
  /** Undefined: one that is not known. */
  readonly backendProtocol: BackendProtocol | undefined;
}

export type ParsedRoute = { readonly route: Route } | { readonly problems: readonly string[] };

const maxOwnerCharacters = 200;
/** What HAProxy can count with. */
const maxBodyLimitBytes = 2 ** 40;
const maxRateLimit = 1_000_000;

/** Checks what was asked for, and brings it into its canonical form. Tells all problems at once. */
export function parseRoute(request: RouteRequest, own: OwnListeners): ParsedRoute {
  const hostname = request.hostname.toLowerCase();
  const { mode, backendProtocol } = request;
  const parsed = parseBackend(request.backend);
  const problems = [
    ...portProblems(request.port),
    ...about("hostname", hostnameProblem(hostname)),
    ...about("mode", mode === undefined ? "must be L4 or L7" : undefined),
    ...about("backend", "problem" in parsed ? parsed.problem : undefined),
    ...("backend" in parsed && isOwnListener(parsed.backend, own)
      ? [`backend ${request.backend} is this proxy itself: connections would go in a circle`]
      : []),
    ...modeProblems(request),
    ...limitProblems(request),
  ];
  if (problems.length > 0 || mode === undefined || backendProtocol === undefined || "problem" in parsed)
    return { problems };
  return { route: { ...request, hostname, mode, backendProtocol, backend: parsed.backend } };
}

/** What would make a key unusable. */
export function parseRouteKey(
  key: RouteKey,
): { readonly key: RouteKey } | { readonly problems: readonly string[] } {
  const hostname = key.hostname.toLowerCase();
  const problems = [...portProblems(key.port), ...about("hostname", hostnameProblem(hostname))];
  return problems.length > 0 ? { problems } : { key: { port: key.port, hostname } };
}

/** Whether two routes are the same in all that counts for requests and for whoever lists them. */
export function isSameRoute(a: Route, b: Route): boolean {
  return describeFully(a) === describeFully(b);
}

/** `name:port`, as people write it. */
export function formatRouteKey({ hostname, port }: RouteKey): string {
  return `${hostname}:${port}`;
}

function describeFully(route: Route): string {
  const { port, hostname, mode, backend, backendProtocol, sendProxyProtocol } = route;
  const { owner, maintenance, maxBodyBytes, rateLimit } = route;
  return JSON.stringify([
    [port, hostname, mode, backend.host, backend.port, backendProtocol],
    [sendProxyProtocol, owner, maintenance, maxBodyBytes, rateLimit],
  ]);
}

function portProblems(port: number): string[] {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
    ? []
    : [`port must be from 1 to 65535, not ${port}`];
}

function modeProblems({ mode, backendProtocol, sendProxyProtocol, maxBodyBytes }: RouteRequest): string[] {
  const problems: string[] = [];
  if (backendProtocol === undefined) problems.push("backend_protocol is not one that is known");
  if (mode === "l4" && backendProtocol !== undefined && backendProtocol !== "http1")
    problems.push("backend_protocol is for L7 only: an L4 route passes through what the client speaks");
  if (mode === "l4" && maxBodyBytes !== 0)
    problems.push("max_body_bytes is for L7 only: what an L4 route passes through is encrypted");
  if (mode === "l7" && sendProxyProtocol)
    problems.push("send_proxy_protocol is for L4 only: L7 backends get the address in X-Forwarded-For");
  return problems;
}

function limitProblems({ owner, maxBodyBytes, rateLimit }: RouteRequest): string[] {
  const problems: string[] = [];
  if (owner.length > maxOwnerCharacters)
    problems.push(`owner has more than ${maxOwnerCharacters} characters`);
  if (/\p{Cc}/u.test(owner)) problems.push("owner has control characters");
  if (!(maxBodyBytes >= 0 && maxBodyBytes <= maxBodyLimitBytes))
    problems.push(`max_body_bytes must be from 0 to ${maxBodyLimitBytes}`);
  if (!(rateLimit >= 0 && rateLimit <= maxRateLimit))
    problems.push(`rate_limit must be from 0 to ${maxRateLimit}`);
  return problems;
}

function about(field: string, problem: string | undefined): string[] {
  return problem === undefined ? [] : [`${field} ${problem}`];
}
