import { once } from "node:events";
import { createServer } from "node:http";
import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { listen } from "@metacircular/mcdsl/http/listen.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { HttpHandler } from "@metacircular/mcdsl/rest/gateway.ts";

const requestTimeoutMs = 15_000;
const maxConnections = 500;

/** Serves public, signed data by plain HTTP: who checks a certificate asks where it was revoked before it trusts TLS.
 * @throws DetailedError LISTEN_FAILED */
export async function startPublicServer(options: {
  readonly address: HostAndPort;
  readonly handler: HttpHandler;
  readonly logger: Logger;
}): Promise<AsyncDisposable & { readonly address: HostAndPort }> {
  const { handler, logger } = options;
  const limits = { headersTimeout: requestTimeoutMs, requestTimeout: requestTimeoutMs };
  const server = createServer(limits, (request, response) => {
    handler(request, response).then(
      (served) => {
        if (!served) response.writeHead(404).end();
      },
      (error: unknown) => {
        logger.error({ error }, "public request failed");
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end();
      },
    );
  });
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
