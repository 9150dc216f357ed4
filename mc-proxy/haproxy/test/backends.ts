import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createSecureServer, createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as NetServer,
  type Socket,
} from "node:net";
import type { SelfSigned } from "@metacircular/testkit/self-signed.ts";

/** A server of a test on the loopback. */
export interface Backend extends AsyncDisposable {
  readonly port: number;
  /** Sockets that are connected to it. */
  readonly sockets: ReadonlySet<Socket>;
}

/** What the echoing servers answer. */
export interface Echo {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  /** Length of the request's body, bytes. */
  readonly body: number;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers by HTTP/1.1 with what it was asked, and its name. */
export function echoServer(name: string, handler?: Handler): Promise<Backend> {
  return listening(createServer(handler ?? echoing(name)));
}

/** The same with TLS, by HTTP/2 too. */
export function echoTlsServer(name: string, { key, certificate }: SelfSigned): Promise<Backend> {
  const answer = echoing(name);
  const server = createSecureServer({ key, cert: certificate, allowHTTP1: true });
  // Only what both versions have is used.
  server.on("request", (request, response) =>
    answer(request as unknown as IncomingMessage, response as unknown as ServerResponse),
  );
  return listening(server);
}

/** The same by HTTP/2 without TLS. */
export function echoH2cServer(name: string): Promise<Backend> {
  const server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.respond({ ":status": 200, "content-type": "application/json" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    let body = 0;
    stream.on("data", (chunk: Buffer) => (body += chunk.length));
    stream.on("error", () => undefined);
    stream.on("end", () =>
      stream.end(JSON.stringify({ name, method: headers[":method"], url: headers[":path"], headers, body })),
    );
  });
  return listening(server);
}

/** Hands each connection to the test. */
export function rawServer(onConnection: (socket: Socket) => void): Promise<Backend> {
  return listening(createTcpServer(onConnection));
}

/** @param port default: any that is free */
export async function listening(server: NetServer | Server, host = "127.0.0.1", port = 0): Promise<Backend> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function echoing(name: string): Handler {
  return (request, response) => {
    let body = 0;
    request.on("data", (chunk: Buffer) => (body += chunk.length));
    request.on("end", () => {
      const { method, url, headers } = request;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ name, method, url, headers, body }));
    });
  };
}
