import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { formatHostAndPort, type HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { framed, FrameReader } from "../wire/frames.ts";
import { type Message, readMessage } from "../wire/message.ts";
import { WireError } from "../wire/wire-reader.ts";
import type { ForwardQuestion } from "./question.ts";
import { encodeQuery, isAnswerTo, type OutgoingQuery, type RandomBytes } from "./query.ts";
import { type Upstream, UpstreamError } from "./upstream.ts";

/** A connection without a question on its way is closed after so long. */
const idleMs = 15_000;

/** How a server proves who it is (RFC 7858, RFC 8310). */
export interface UpstreamTls {
  /** The name in its certificate. */
  readonly serverName: string;
  /** PEM certificates that are trusted. */
  readonly ca: readonly string[];
}

interface Waiting {
  readonly query: OutgoingQuery;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: UpstreamError) => void;
}

/** A server that is asked by TCP or TLS, over one connection that is kept while it is in use. */
export class StreamUpstream implements Upstream {
  readonly name: string;
  readonly #connect: () => Socket;
  readonly #random: RandomBytes;
  #connection: Connection | undefined;

  constructor(parts: { address: HostAndPort; tls?: UpstreamTls | undefined; random: RandomBytes }) {
    const { address, tls } = parts;
    this.name = `${tls === undefined ? "tcp" : "tls"}://${formatHostAndPort(address)}`;
    this.#connect = () =>
      tls === undefined ? connectTcp({ ...address, noDelay: true }) : secure(address, tls);
    this.#random = parts.random;
  }

  async ask(question: ForwardQuestion, signal: AbortSignal): Promise<Message> {
    const kept = this.#connection;
    if (kept?.isOpen === true) {
      try {
        return await kept.ask(question, signal);
      } catch (thrown) {
        // The server may close a kept connection at any time; that says nothing about the question.
        if (!(thrown instanceof UpstreamError) || signal.aborted) throw thrown;
      }
    }
    if (this.#connection === undefined || !this.#connection.isOpen) {
      this.#connection = new Connection(this.#connect(), this.#random);
    }
    return this.#connection.ask(question, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#connection?.close(new UpstreamError("the server stops"));
    return Promise.resolve();
  }
}

function secure(address: HostAndPort, tls: UpstreamTls): Socket {
  return connectTls({
    ...address,
    ...(isIP(tls.serverName) === 0 && { servername: tls.serverName }),
    ca: [...tls.ca],
    minVersion: "TLSv1.2",
    ALPNProtocols: ["dot"],
  });
}

class Connection {
  readonly #socket: Socket;
  readonly #random: RandomBytes;
  readonly #waiting = new Map<number, Waiting>();
  isOpen = true;

  constructor(socket: Socket, random: RandomBytes) {
    this.#socket = socket;
    this.#random = random;
    const frames = new FrameReader();
    socket.on("data", (bytes: Buffer) => {
      for (const frame of frames.push(bytes)) this.#take(frame);
    });
    socket.on("error", (error) => this.close(new UpstreamError(messageOf(error), { cause: error })));
    socket.on("close", () => this.close(new UpstreamError("the connection was closed")));
    socket.setTimeout(idleMs, () => {
      if (this.#waiting.size === 0) this.close(new UpstreamError("the connection was idle"));
    });
  }

  async ask(question: ForwardQuestion, signal: AbortSignal): Promise<Message> {
    signal.throwIfAborted();
    let query = encodeQuery(question, this.#random);
    while (this.#waiting.has(query.id)) query = encodeQuery(question, this.#random);
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting.set(query.id, { query, resolve, reject });
    this.#socket.write(framed(query.bytes));
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#waiting.delete(query.id);
      // A connection over which nothing comes back may be dead without knowing.
      if (signal.aborted) this.close(new UpstreamError("no answer came over the connection"));
    }
  }

  close(reason: UpstreamError): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#socket.destroy();
    for (const { reject } of this.#waiting.values()) reject(reason);
  }

  #take(frame: Buffer): void {
    try {
      const message = readMessage(frame);
      const waiting = this.#waiting.get(message.id);
      if (waiting !== undefined && isAnswerTo(waiting.query, message)) waiting.resolve(message);
    } catch (thrown) {
      if (!(thrown instanceof WireError)) throw thrown;
      this.close(new UpstreamError(`what came is no DNS message: ${thrown.message}`));
    }
  }
}
