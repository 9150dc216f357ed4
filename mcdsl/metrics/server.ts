import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Clock } from "../clock.ts";
import type { HostAndPort } from "../config/host-and-port.ts";
import { listen } from "../http/listen.ts";
import type { Logger } from "../log/logger.ts";
import { expositionType } from "./exposition.ts";

/** A server that listens. Disposing it ends all connections. */
export interface MetricsServer extends AsyncDisposable {
  /** Where it listens, with the port that was chosen. */
  readonly address: HostAndPort;
}

export interface MetricsServerOptions {
  /** Of the loopback interface: whoever can connect may read. */
  readonly address: HostAndPort;
  /** The page; made at most once a second, however many ask for it. */
  readonly render: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const maxConnections = 16;
/** For a whole request, and for its whole answer. */
const exchangeTimeoutMs = 10_000;
const freshMs = 1_000;

/** Serves `GET /metrics` over HTTP.
 * @throws DetailedError LISTEN_FAILED */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const page = cached(options.render, options.clock);
  const server = createServer(
    {
      headersTimeout: exchangeTimeoutMs,
      requestTimeout: exchangeTimeoutMs,
      keepAliveTimeout: exchangeTimeoutMs,
      connectionsCheckingInterval: exchangeTimeoutMs,
      maxHeaderSize: 8_192,
    },
    (request, response) => {
      // A reader that takes its time does so at its own expense only.
      const late = setTimeout(() => request.socket.destroy(), exchangeTimeoutMs);
      response.once("close", () => clearTimeout(late));
      try {
        answer(request, response, page);
      } catch (error) {
        options.logger.error({ error }, "the metrics cannot be made");
        response.writeHead(500, { "content-type": "text/plain" }).end("the metrics cannot be made\n");
      }
    },
  );
  server.maxConnections = maxConnections;
  const address = await listen(server, options.address);
  return {
    address,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, page: () => string): void {
  request.resume();
  if (request.url?.split("?", 1)[0] !== "/metrics") {
    response.writeHead(404, { "content-type": "text/plain" }).end("the metrics are at /metrics\n");
  } else if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD", connection: "close" }).end();
  } else {
    const body = page();
    response.writeHead(200, {
      "content-type": expositionType,
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
    });
    response.end(request.method === "HEAD" ? undefined : body);
  }
}

function cached(render: () => string, clock: Clock): () => string {
  let text = "";
  let madeAtMs = -Infinity;
  return () => {
    const ageMs = clock.now() - madeAtMs;
    if (ageMs < 0 || ageMs >= freshMs) {
      text = render();
      madeAtMs = clock.now();
    }
    return text;
  };
}
