import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { once } from "node:events";
import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { listen } from "@metacircular/mcdsl/http/listen.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { framed, FrameReader } from "../wire/frames.ts";
import { type Client, type HandlePacket, isMessages, type Response, type Transport } from "./client.ts";
import type { QueryMetrics } from "./query-metrics.ts";
import { subscriberOf } from "./rate-limit.ts";

export interface StreamLimits {
  /** Connections at the same time. */
  readonly connections: number;
  readonly connectionsPerClient: number;
  /** A connection that is silent for so long is closed. */
  readonly idleMs: number;
}

/** Queries of one connection that wait for an answer; more are read when some are done (RFC 7766, section 6.2.1.1). */
const mostPending = 100;

export interface StreamParts {
  readonly handle: HandlePacket;
  readonly limits: StreamLimits;
  readonly metrics: QueryMetrics;
  readonly logger: Logger;
  /** DNS over TLS (RFC 7858) with this certificate; undefined: TCP. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

export interface StreamListener extends AsyncDisposable {
  readonly address: HostAndPort;
  /** Takes a renewed certificate for new connections. */
  useCertificate(tls: { readonly cert: string; readonly key: string }): void;
}

/** Answers queries by TCP or TLS at one address. Answers go out as they are ready, in any order.
 * @throws DetailedError LISTEN_FAILED */
export async function startStreamListener(address: HostAndPort, parts: StreamParts): Promise<StreamListener> {
  const open = new OpenConnections(parts.limits);
  const transport: Transport = parts.tls === undefined ? "tcp" : "tls";
  const server = createServer(parts, (socket) => serve(socket, transport, parts));
  // Counted before TLS is negotiated, so that unfinished handshakes count as well.
  server.on("connection", (socket: Socket) => {
    if (!open.admit(socket)) parts.metrics.dropped("overload");
  });
  server.on("tlsClientError", (error: Error) =>
    parts.logger.debug({ error: messageOf(error) }, "a TLS client failed"),
  );
  const bound = await listen(server, address);
  server.on("error", (error) => parts.logger.error({ error: messageOf(error) }, "a listener failed"));
  return {
    address: bound,
    useCertificate: (tls) => "setSecureContext" in server && server.setSecureContext(tls),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      open.destroyAll();
      await closed;
    },
  };
}

function createServer(parts: StreamParts, onSocket: (socket: Socket) => void): Server | TlsServer {
  const { tls, limits } = parts;
  if (tls === undefined) return createTcpServer({ noDelay: true, allowHalfOpen: true }, onSocket);
  const options = {
    ...tls,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["dot"],
    handshakeTimeout: limits.idleMs,
    noDelay: true,
    allowHalfOpen: true,
  } as const;
  return createTlsServer(options, onSocket);
}

/** Connections by client, within the limits. */
class OpenConnections {
  readonly #limits: StreamLimits;
  readonly #sockets = new Set<Socket>();
  readonly #perClient = new Map<string, number>();

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /** Destroys the connection when it is one too many. */
  admit(socket: Socket): boolean {
    const client = subscriberOf(plainAddress(socket.remoteAddress ?? ""));
    const count = this.#perClient.get(client) ?? 0;
    if (this.#sockets.size >= this.#limits.connections || count >= this.#limits.connectionsPerClient) {
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    this.#perClient.set(client, count + 1);
    socket.once("close", () => this.#forget(socket, client));
    return true;
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #forget(socket: Socket, client: string): void {
    this.#sockets.delete(socket);
    const left = (this.#perClient.get(client) ?? 1) - 1;
    if (left === 0) this.#perClient.delete(client);
    else this.#perClient.set(client, left);
  }
}

/** Reads queries as fast as they are answered and the client takes the answers, so that nothing piles up. */
function serve(socket: Socket, transport: Transport, parts: StreamParts): void {
  const client: Client = { address: plainAddress(socket.remoteAddress ?? ""), transport };
  const frames = new FrameReader();
  const queue: Buffer[] = [];
  const state = { pending: 0, hasEnded: false };
  const settle = (): void => {
    state.pending -= 1;
    pump();
  };
  const isFree = (): boolean => state.pending < mostPending && !socket.writableNeedDrain;
  function pump(): void {
    while (isFree() && !socket.destroyed) {
      const packet = queue.shift();
      if (packet === undefined) break;
      const work = answer(socket, parts.handle(packet, client), { transport, parts });
      if (work === undefined) continue;
      state.pending += 1;
      void work.then(settle);
    }
    if (queue.length === 0 && isFree()) socket.resume();
    else socket.pause();
    if (state.hasEnded && state.pending === 0 && queue.length === 0) socket.end();
  }
  socket.setTimeout(parts.limits.idleMs, () => socket.destroy());
  // What ends a connection is the client's affair.
  socket.on("error", () => {});
  socket.on("drain", pump);
  socket.on("data", (bytes: Buffer) => {
    queue.push(...frames.push(bytes));
    pump();
  });
  socket.on("end", () => {
    state.hasEnded = true;
    pump();
  });
}

interface Answering {
  readonly transport: Transport;
  readonly parts: StreamParts;
}

/** Undefined: it is done already. What it returns never rejects. */
function answer(socket: Socket, response: Response, answering: Answering): Promise<void> | undefined {
  if (response === undefined || Buffer.isBuffer(response)) {
    write(socket, response, answering);
    return undefined;
  }
  const work = isMessages(response)
    ? writeAll(socket, response.messages, answering)
    : response.then((later) => write(socket, later, answering));
  return work.catch((thrown: unknown) => {
    answering.parts.logger.error({ error: messageOf(thrown) }, "a query could not be answered");
    socket.destroy();
  });
}

function write(socket: Socket, response: Buffer | undefined, { transport, parts }: Answering): void {
  if (response === undefined || socket.destroyed || !socket.writable) return;
  parts.metrics.response(transport, response);
  socket.write(framed(response));
}

/** One message after the other, as fast as the client takes them. */
async function writeAll(socket: Socket, messages: Iterator<Buffer>, answering: Answering): Promise<void> {
  for (let next = messages.next(); next.done !== true; next = messages.next()) {
    if (socket.destroyed) return;
    write(socket, next.value, answering);
    if (socket.writableNeedDrain) await drained(socket);
  }
}

function drained(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => {
    socket.off("drain", done);
    socket.off("close", done);
    resolve();
  };
  socket.on("drain", done);
  socket.on("close", done);
  return promise;
}

/** IPv4 addresses in IPv6 form as IPv4. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}
