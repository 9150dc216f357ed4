import { once } from "node:events";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";

/** Stands before a store and passes requests on, with TLS where it has a certificate. */
export interface MeddlingProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** So many of the next requests with a body have their first byte changed on the way. */
  corrupt: number;
  /** Called before each request is passed on. */
  onRequest: ((request: IncomingMessage) => void | Promise<void>) | undefined;
}

export async function createMeddlingProxy(
  target: string,
  certificate?: { readonly cert: string; readonly key: string },
): Promise<MeddlingProxy> {
  const server =
    certificate === undefined ? createHttpServer(handle) : createHttpsServer({ ...certificate }, handle);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const proxy: MeddlingProxy = {
    endpoint: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    corrupt: 0,
    onRequest: undefined,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };

  function handle(incoming: IncomingMessage, response: ServerResponse): void {
    pass(incoming, response).catch(() => response.destroy());
  }

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    await proxy.onRequest?.(incoming);
    const outgoing = request(new URL(incoming.url ?? "/", target), {
      method: incoming.method,
      headers: incoming.headers,
    });
    outgoing.on("error", () => {
      // Swift sends more than it should after its answer to HEAD.
      if (!response.writableEnded) response.destroy();
    });
    outgoing.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (incoming.method === "HEAD") response.end();
      else answer.pipe(response);
    });
    let isFirst = true;
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      if (isFirst && proxy.corrupt > 0) {
        proxy.corrupt -= 1;
        chunk[0] = (chunk[0] ?? 0) ^ 1;
      }
      isFirst = false;
      outgoing.write(chunk);
    }
    outgoing.end();
  }
  return proxy;
}
