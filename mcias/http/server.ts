import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { formatHostAndPort, type HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { ServerTlsOptions } from "@metacircular/mcdsl/tls/options.ts";

export interface HttpsServer extends AsyncDisposable {
  readonly port: number;
  /** For new connections; open ones keep theirs. */
  readonly useCertificate: (tls: ServerTlsOptions) => void;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_TIMEOUT_MS = 60_000;
const MAX_CONNECTIONS = 2000;
/** Longer than any request takes; what is still open then is cut. */
const CLOSE_TIMEOUT_MS = 5000;

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
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  };
  const server = createServer({ ...tls, ...limits }, handle);
  server.maxConnections = MAX_CONNECTIONS;
  try {
    server.listen(address.port, address.host);
    await once(server, "listening");
  } catch (cause) {
    throw new DetailedError({
      code: "LISTEN_FAILED",
      category: "failed-precondition",
      attempted: "listen on",
      subject: formatHostAndPort(address),
      found: cause instanceof Error ? cause.message : "it failed",
      remedy: "free the port, or change server.listen_addr",
      cause,
    });
  }
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : address.port,
    useCertificate: (renewed) => server.setSecureContext(renewed),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}
