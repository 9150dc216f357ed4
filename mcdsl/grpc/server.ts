import type { ConnectRouter } from "@connectrpc/connect";
import { once } from "node:events";
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from "node:http2";
import type { Authorize } from "../auth/authorize.ts";
import type { TokenVerifier } from "../auth/identity.ts";
import type { Clock } from "../clock.ts";
import type { HostAndPort } from "../config/host-and-port.ts";
import { listen } from "../http/listen.ts";
import type { Logger } from "../log/logger.ts";
import { createCertificateReloader } from "../tls/certificate-reloader.ts";
import { serverTlsOptions } from "../tls/options.ts";
import type { CallEnd } from "./audit.ts";
import { createCallHandler } from "./handle-call.ts";
import { serverStopping } from "./handler-errors.ts";

export interface GrpcServerOptions {
  /** Port 0: any free one. */
  readonly address: HostAndPort;
  readonly tls: { readonly certFile: string; readonly keyFile: string };
  readonly routes: (router: ConnectRouter) => void;
  readonly authenticator: TokenVerifier;
  readonly authorize: Authorize;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Told of every call when it has ended, refused ones included. */
  readonly onCallEnd?: (ended: CallEnd) => void;
  /** Of one message received, also after decompression. Default 4 MiB. */
  readonly maxMessageBytes?: number;
  /** Time that calls in progress have to end when the server stops. Default 10 s. */
  readonly drainMs?: number;
}

/** A server that listens. Disposing it stops accepting, ends streams as UNAVAILABLE, waits for unary calls up
 * to `drainMs`, and ends those that then remain. */
export interface GrpcServer extends AsyncDisposable {
  /** Where it listens, with the port that was chosen. */
  readonly address: HostAndPort;
}

const maxConnections = 1_000;
const handshakeTimeoutMs = 10_000;
const keepAliveAfterMs = 60_000;
const lookForRenewalMs = 60_000;
/** Time for the last answers to be written. */
const flushMs = 500;

/** Serves gRPC over TLS 1.3. A certificate that is renewed on disk is used within a minute. It speaks gRPC only, not gRPC-Web and Connect: one protocol to secure and audit.
 * Every call, also of unknown methods, must carry a bearer token that `authenticator` accepts and pass
 * `authorize`, and every one is in the log.
 * @throws DetailedError LISTEN_FAILED and those of `serverTlsOptions` */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { address, logger, clock, drainMs = 10_000, maxMessageBytes = 4 * 1024 * 1024 } = options;
  const stopping = new AbortController();
  const stopped = new AbortController();
  const server = createSecureServer({
    ...serverTlsOptions(options.tls, clock),
    handshakeTimeout: handshakeTimeoutMs,
    settings: { maxConcurrentStreams: 250 },
  });
  server.maxConnections = maxConnections;
  server.on("secureConnection", (socket) => {
    socket.setKeepAlive(true, keepAliveAfterMs);
  });
  server.on("tlsClientError", (error) => logger.debug({ error }, "TLS handshake failed"));
  server.on("sessionError", (error) => logger.debug({ error }, "connection broke"));
  const sessions = trackSessions(server);
  const signals = { stopping: stopping.signal, stopped: stopped.signal };
  server.on("request", createCallHandler({ ...options, ...signals, maxMessageBytes }));
  const bound = await listen(server, address);
  const renewals = takeOverRenewals(server, options, stopping.signal);
  return {
    address: bound,
    async [Symbol.asyncDispose]() {
      if (stopping.signal.aborted) return;
      const closed = once(server, "close");
      server.close();
      stopping.abort(serverStopping());
      for (const session of sessions) session.close();
      await settled(closed, drainMs);
      stopped.abort(serverStopping());
      await settled(closed, flushMs);
      for (const session of sessions) session.destroy();
      await closed;
      await renewals;
    },
  };
}

/** New connections get the renewed certificate, open ones keep theirs. */
async function takeOverRenewals(
  server: Http2SecureServer,
  { tls, clock, logger }: GrpcServerOptions,
  stopping: AbortSignal,
): Promise<void> {
  const reload = createCertificateReloader({
    files: tls,
    clock,
    use: (renewed) => {
      server.setSecureContext(renewed);
      logger.info({ certFile: tls.certFile }, "using the renewed certificate");
    },
  });
  const isTime = () =>
    clock.sleep(lookForRenewalMs, stopping).then(
      () => true,
      () => false,
    );
  while (await isTime()) {
    try {
      reload();
    } catch (error) {
      logger.error({ error }, "cannot use the renewed certificate yet; the old one stays");
    }
  }
}

function trackSessions(server: Http2SecureServer): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => {
      sessions.delete(session);
    });
  });
  return sessions;
}

/** Waits for the promise, but not longer than `limitMs`. */
async function settled(promise: Promise<unknown>, limitMs: number): Promise<void> {
  const late = Promise.withResolvers<unknown>();
  const timer = setTimeout(late.resolve, limitMs, undefined);
  try {
    await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
