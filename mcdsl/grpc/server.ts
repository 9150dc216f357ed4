import type { ConnectRouter } from "@connectrpc/connect";
import { createSecureServer } from "node:http2";
import type { Admit } from "../auth/admission.ts";
import type { Clock } from "../clock.ts";
import type { HostAndPort } from "../config/host-and-port.ts";
import { listen } from "../http/listen.ts";
import type { Logger } from "../log/logger.ts";
import { Connections } from "../tls/connections.ts";
import { serverTlsOptions } from "../tls/options.ts";
import { takeOverRenewals } from "../tls/take-over-renewals.ts";
import type { CallEnd } from "./audit.ts";
import { createCallHandler } from "./handle-call.ts";
import { drain, trackSessions } from "./drain.ts";

export interface GrpcServerOptions {
  /** Port 0: any free one. */
  readonly address: HostAndPort;
  readonly tls: { readonly certFile: string; readonly keyFile: string };
  readonly routes: (router: ConnectRouter) => void;
  readonly admit: Admit;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Networks, in canonical form, of proxies that begin each connection with a PROXY protocol header. Default: none. */
  readonly proxyProtocolFrom?: readonly string[];
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

/** Serves gRPC over TLS 1.3. A certificate that is renewed on disk is used within a minute. It speaks gRPC only, not
 * gRPC-Web and Connect: one protocol to secure and audit. Every call, also of unknown methods, is admitted by `admit`,
 * and every one is in the log.
 * @throws DetailedError LISTEN_FAILED and those of `serverTlsOptions` */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { address, logger, clock, drainMs = 10_000, maxMessageBytes = 4 * 1024 * 1024 } = options;
  const signals = { stopping: new AbortController(), stopped: new AbortController() };
  const server = createSecureServer({
    ...serverTlsOptions(options.tls, clock),
    handshakeTimeout: handshakeTimeoutMs,
    settings: { maxConcurrentStreams: 250 },
  });
  server.maxConnections = maxConnections;
  const connections = new Connections(server, {
    proxies: { from: options.proxyProtocolFrom ?? [], logger, clock },
    headerTimeoutMs: handshakeTimeoutMs,
  });
  server.on("secureConnection", (socket) => {
    socket.setKeepAlive(true, keepAliveAfterMs);
  });
  server.on("tlsClientError", (error) => logger.debug({ error }, "TLS handshake failed"));
  server.on("sessionError", (error) => logger.debug({ error }, "connection broke"));
  const sessions = trackSessions(server);
  const { stopping, stopped } = signals;
  server.on(
    "request",
    createCallHandler({ ...options, stopping: stopping.signal, stopped: stopped.signal, maxMessageBytes }),
  );
  const bound = await listen(server, address);
  const renewals = takeOverRenewals(server, options, stopping.signal);
  return {
    address: bound,
    async [Symbol.asyncDispose]() {
      if (stopping.signal.aborted) return;
      connections.destroyInsecure();
      await drain(server, sessions, signals, drainMs);
      await renewals;
    },
  };
}
