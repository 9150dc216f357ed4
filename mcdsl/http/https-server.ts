import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { HostAndPort } from "../config/host-and-port.ts";
import { listen } from "./listen.ts";
import type { ServerTlsOptions } from "../tls/options.ts";

export interface HttpsServer extends AsyncDisposable {
  /** Where it listens, with the port that was chosen. */
  readonly address: HostAndPort;
  /** For new connections; open ones keep theirs. */
  setSecureContext(tls: ServerTlsOptions): void;
}

const headersTimeoutMs = 10_000;
const requestTimeoutMs = 15_000;
const keepAliveTimeoutMs = 60_000;
const maxConnections = 2_000;
/** Longer than any request takes; what is still open then is cut. */
const closeTimeoutMs = 5_000;

/**
 * Listens with TLS 1.3. Disposing it lets running requests finish, for a few seconds.
 * @throws DetailedError LISTEN_FAILED
 */
export async function startHttpsServer(options: {
  address: HostAndPort;
  tls: ServerTlsOptions;
  handle: (request: IncomingMessage, response: ServerResponse) => void;
}): Promise<HttpsServer> {
  const { address, tls, handle } = options;
  const limits = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
  };
  const server = createServer({ ...tls, ...limits }, handle);
  server.maxConnections = maxConnections;
  const bound = await listen(server, address);
  return {
    address: bound,
    setSecureContext: (renewed) => server.setSecureContext(renewed),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
      await closed;
      clearTimeout(cut);
    },
  };
}
