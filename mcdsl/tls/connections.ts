import { isIPv4, type Socket } from "node:net";
import type { Server, TLSSocket } from "node:tls";
import type { ProxiedClient } from "../proxy-protocol/header.ts";
import { expectProxyHeaders, type ProxySettings } from "../proxy-protocol/trusted-proxies.ts";
import { answerPlainHttp } from "./plain-http.ts";

/** A TCP connection below TLS. */
interface Connection {
  readonly socket: Socket;
  /** Where a proxy told it. */
  client?: ProxiedClient;
  /** The handshake is done. */
  secure: boolean;
}

export interface ConnectionSettings {
  /** Undefined: nobody sends headers of the PROXY protocol. */
  readonly proxies?: ProxySettings | undefined;
  /** For a header. */
  readonly headerTimeoutMs: number;
}

/** The TCP connections of a TLS server, from before its handshake on. */
export class Connections {
  /** By both ends, which a TLS socket shares with the TCP connection below it. */
  readonly #byEnds = new Map<string, Connection>();

  /** @param server one that does not listen yet */
  constructor(server: Server, { proxies, headerTimeoutMs }: ConnectionSettings) {
    if (proxies !== undefined && proxies.from.length > 0) {
      expectProxyHeaders(server, proxies, headerTimeoutMs, (socket, client) => {
        const connection = this.#find(socket);
        if (connection !== undefined) connection.client = client;
      });
    }
    server.prependListener("connection", (socket: Socket) => this.#add(socket));
    server.prependListener("secureConnection", (socket) => this.#secured(socket));
    server.on("tlsClientError", (error, socket) => {
      const connection = this.#find(socket);
      if (connection !== undefined) answerPlainHttp(error, connection.socket);
    });
  }

  /** Ends those whose handshake is not done. */
  destroyInsecure(): void {
    for (const { socket, secure } of this.#byEnds.values()) if (!secure) socket.destroy();
  }

  destroyAll(): void {
    for (const { socket } of this.#byEnds.values()) socket.destroy();
  }

  #add(socket: Socket): void {
    const ends = endsOf(socket);
    if (ends === undefined) return;
    const connection: Connection = { socket, secure: false };
    this.#byEnds.set(ends, connection);
    socket.once("close", () => {
      if (this.#byEnds.get(ends) === connection) this.#byEnds.delete(ends);
    });
  }

  #secured(socket: TLSSocket): void {
    const connection = this.#find(socket);
    // Nobody is served of whom it is not known who it is.
    if (connection === undefined) return void socket.destroy();
    const { remoteAddress: address = "", remotePort: port = 0 } = socket;
    connection.secure = true;
    keepClient(socket, connection.client ?? { address, port });
  }

  #find(socket: Socket): Connection | undefined {
    const ends = endsOf(socket);
    return ends === undefined ? undefined : this.#byEnds.get(ends);
  }
}

/** Undefined: the other side is gone already. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** What everybody reads as the client's address, also once the connection is closed. */
function keepClient(socket: TLSSocket, { address, port }: ProxiedClient): void {
  Object.defineProperties(socket, {
    remoteAddress: { value: address, enumerable: true },
    remotePort: { value: port, enumerable: true },
    remoteFamily: { value: isIPv4(address) ? "IPv4" : "IPv6", enumerable: true },
  });
}
