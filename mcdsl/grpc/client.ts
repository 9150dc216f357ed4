import { type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { ClientSessionOptions, SecureClientSessionOptions } from "node:http2";
import { connect } from "node:net";
import { formatHostAndPort, parseHostAndPort } from "../config/host-and-port.ts";
import { DetailedError } from "../errors.ts";
import { clientTlsOptions } from "../tls/options.ts";
import { SessionManager } from "./session-manager.ts";

export interface GrpcClientOptions {
  /** `host:port`, or `unix:/path` of a socket, which is neither encrypted nor needs a token. */
  readonly address: string;
  /** PEM file of the only authorities to trust; default: the well-known ones. */
  readonly caFile?: string | undefined;
  /** Name to expect in the server's certificate, where it is reached by another name or an IP address. */
  readonly serverName?: string | undefined;
  /** Sent as bearer token with each call. */
  readonly token?: () => Promise<string>;
  /** For each unary call that sets none itself; streams have no limit of their own. */
  readonly timeoutMs: number;
  /** To make a connection. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** Finds dead connections: after `intervalMs` without data a ping is sent, and answered within
   * `timeoutMs` or the connection and its calls end. Default 20 s and 10 s. */
  readonly keepAlive?: { intervalMs: number; timeoutMs: number };
  /** Of one message received. Default 4 MiB. */
  readonly maxMessageBytes?: number;
}

export type GrpcClientTransport = Transport & AsyncDisposable;

const unixPrefix = "unix:";
const defaultKeepAlive = { intervalMs: 20_000, timeoutMs: 10_000 };

/** Connects to a gRPC server over TLS 1.3 or by a Unix socket, at the first call and again when the connection was lost. Disposing
 * it ends the connection and the calls in progress. Pass what a call throws to `fromConnectError`.
 * @throws DetailedError ADDRESS_INVALID and those of `clientTlsOptions` */
export function createGrpcClientTransport(options: GrpcClientOptions): GrpcClientTransport {
  const { baseUrl, session } = destinationOf(options);
  const sessionManager = new SessionManager({
    baseUrl,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    keepAlive: options.keepAlive ?? defaultKeepAlive,
    session,
  });
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager,
    readMaxBytes: options.maxMessageBytes ?? 4 * 1024 * 1024,
    interceptors: options.token === undefined ? [] : [sendToken(options.token)],
  });
  return {
    unary: (method, signal, timeoutMs, header, input, contextValues) =>
      transport.unary(method, signal, timeoutMs ?? options.timeoutMs, header, input, contextValues),
    stream: transport.stream.bind(transport),
    async [Symbol.asyncDispose]() {
      sessionManager.abort();
    },
  };
}

function destinationOf(options: GrpcClientOptions): {
  baseUrl: string;
  session: ClientSessionOptions | SecureClientSessionOptions;
} {
  const { address, serverName } = options;
  if (address.startsWith(unixPrefix)) {
    const path = address.slice(unixPrefix.length);
    return { baseUrl: "http://localhost", session: { createConnection: () => connect(path) } };
  }
  const tls = clientTlsOptions(options);
  return {
    baseUrl: baseUrlOf(address),
    session: { ...tls, ...(serverName === undefined ? {} : { servername: serverName }) },
  };
}

function baseUrlOf(address: string): string {
  const parsed = parseHostAndPort(address);
  if (parsed !== undefined && parsed.host !== "") return `https://${formatHostAndPort(parsed)}`;
  throw new DetailedError({
    code: "ADDRESS_INVALID",
    category: "invalid-argument",
    attempted: "connect to",
    subject: address,
    found: "it is not an address",
    remedy: 'write it as "host:port"',
  });
}

function sendToken(token: () => Promise<string>): Interceptor {
  return (next) => async (request) => {
    request.header.set("authorization", `Bearer ${await token()}`);
    return next(request);
  };
}
