import { readFile } from "node:fs/promises";
import { createTokenVerifier } from "@metacircular/mcdsl/auth/verifier.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { createHealth, healthHandler } from "@metacircular/mcdsl/health/health.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { HttpHandler } from "@metacircular/mcdsl/rest/gateway.ts";
import { startApiServer } from "@metacircular/mcdsl/server/api-server.ts";
import type { Config } from "./config.ts";

export interface RegistryServerOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly version: string;
}

/** A registry that serves. Disposing it stops it and closes what it has open. */
export interface RegistryServer extends AsyncDisposable {
  /** HTTPS: the distribution API, tokens, REST and the web pages. */
  readonly https: HostAndPort;
  readonly grpc: HostAndPort | undefined;
}

/** Constructs and starts the registry.
 * @throws DetailedError LISTEN_FAILED, and those of the stores and the certificate */
export async function startRegistryServer(options: RegistryServerOptions): Promise<RegistryServer> {
  const { config, logger, clock, version } = options;
  await using stack = new AsyncDisposableStack();
  const verifier = stack.use(openVerifier(config, clock));
  const api = stack.use(
    await startApiServer({
      rest: config.server.listen_addr,
      grpc: config.server.grpc_addr,
      tls: { certFile: config.server.tls_cert, keyFile: config.server.tls_key },
      services: [],
      authenticator: verifier,
      handler: firstOf([healthHandler(createHealth({}))]),
      logger,
      clock,
    }),
  );
  const { rest: https, grpc } = api;
  logger.info({ https, grpc, version }, "serving");
  const owned = stack.move();
  return { https, grpc, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function openVerifier({ mcias }: Config, clock: Clock): ReturnType<typeof createTokenVerifier> {
  return createTokenVerifier({
    issuer: mcias.server_url,
    ...(mcias.ca_cert === "" ? {} : { caFile: mcias.ca_cert }),
    introspectionToken: async () => (await readFile(mcias.token_path, "utf8")).trim(),
    clock,
  });
}

/** The first that answers a request does it. */
function firstOf(handlers: readonly HttpHandler[]): HttpHandler {
  return async (request, response) => {
    for (const handler of handlers) {
      if (await handler(request, response)) return true;
    }
    return false;
  };
}
