import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { HostAndPort } from "../config/host-and-port.ts";
import { listen } from "./listen.ts";
import { createPipeliningBound } from "./pipelining.ts";
import { hasSeveralHosts, useOriginForm } from "./request-target.ts";
import type { ProxySettings } from "../proxy-protocol/trusted-proxies.ts";
import { Connections } from "../tls/connections.ts";
import type { ServerTlsOptions } from "../tls/options.ts";

export interface HttpsServer extends AsyncDisposable {
  /** Where it listens, with the port that was chosen. */
  readonly address: HostAndPort;
  /** For new connections; open ones keep theirs. */
  setSecureContext(tls: ServerTlsOptions): void;
}

/** What differs between servers; the rest is the same for all. */
export interface HttpsLimits {
  /** Until the last byte of a request must be there. 0: no limit, for bodies that take minutes; then connections are cut
   * on which nothing moves for two minutes, unless the handler sets another timeout of its socket. Default 15 s. */
  readonly requestTimeoutMs?: number;
  /** Until the headers of a request must be there, and until a new connection has sent its first. Default 10 s. */
  readonly headersTimeoutMs?: number;
  /** For the TLS handshake, and as long before it for a header of the PROXY protocol. Default 10 s. */
  readonly handshakeTimeoutMs?: number;
  /** Who has the answer has so long for what is left of the request. Default 10 s. */
  readonly restTimeoutMs?: number;
  /** Until requests in progress are cut when the server stops. Default 5 s, longer than other requests take. */
  readonly closeTimeoutMs?: number;
  /** Which requests with `Expect: 100-continue` (RFC 9110, section 10.1.1) are told to go on by the handler, after it
   * has looked at their headers. All others are told so at once. */
  readonly continuesItself?: (request: IncomingMessage) => boolean;
}

const defaultHeadersTimeoutMs = 10_000;
/** How much later than by its limit a request may be cut. */
const lookForLateEveryMs = 2_000;
const defaultHandshakeTimeoutMs = 10_000;
const defaultRequestTimeoutMs = 15_000;
const keepAliveTimeoutMs = 60_000;
const maxConnections = 2_000;
/** Of one connection. */
const maxRequestsInProgress = 32;
const silenceTimeoutMs = 120_000;
const defaultRestTimeoutMs = 10_000;
const defaultCloseTimeoutMs = 5_000;
const closeIdleEveryMs = 100;

/**
 * Listens with TLS 1.3. Disposing it lets running requests finish, for a few seconds.
 * @throws DetailedError LISTEN_FAILED
 */
export async function startHttpsServer(options: {
  address: HostAndPort;
  tls: ServerTlsOptions;
  handle: (request: IncomingMessage, response: ServerResponse) => void;
  limits?: HttpsLimits | undefined;
  /** Undefined: there are none. */
  proxies?: ProxySettings | undefined;
}): Promise<HttpsServer> {
  const { address, tls, handle, proxies, limits = {} } = options;
  const { closeTimeoutMs = defaultCloseTimeoutMs, headersTimeoutMs = defaultHeadersTimeoutMs } = limits;
  const { continuesItself } = limits;
  const timeouts = {
    handshakeTimeout: limits.handshakeTimeoutMs ?? defaultHandshakeTimeoutMs,
    headersTimeout: headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs ?? defaultRequestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(lookForLateEveryMs, headersTimeoutMs),
  };
  const { restTimeoutMs = defaultRestTimeoutMs } = limits;
  const isBounded = createPipeliningBound(maxRequestsInProgress);
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    if (!isBounded(request, response)) return;
    if (hasSeveralHosts(request)) return void response.writeHead(400, { connection: "close" }).end();
    useOriginForm(request);
    response.once("finish", () => cutAfter(request, restTimeoutMs));
    handle(request, response);
  };
  const server = createServer({ ...tls, ...timeouts }, serve);
  if (timeouts.requestTimeout === 0) server.setTimeout(silenceTimeoutMs);
  server.maxConnections = maxConnections;
  const connections = new Connections(server, { proxies, headerTimeoutMs: timeouts.handshakeTimeout });
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    useOriginForm(request);
    if (continuesItself?.(request) !== true) response.writeContinue();
    serve(request, response);
  });
  const bound = await listen(server, address);
  return {
    address: bound,
    setSecureContext: (renewed) => server.setSecureContext(renewed),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      connections.destroyInsecure();
      // Clients keep a connection open after its last request.
      const idle = setInterval(() => server.closeIdleConnections(), closeIdleEveryMs);
      const cut = setTimeout(() => connections.destroyAll(), closeTimeoutMs);
      await closed;
      clearTimeout(cut);
      clearInterval(idle);
    },
  };
}

/** Ends the connection of who has not sent the whole request by then. */
export function cutAfter(request: IncomingMessage, durationMs: number): void {
  if (request.complete) return;
  const late = setTimeout(() => {
    if (!request.complete) request.destroy();
  }, durationMs);
  request.once("end", () => clearTimeout(late)).once("close", () => clearTimeout(late));
}
