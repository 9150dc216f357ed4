import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { createHealth, healthHandler } from "@metacircular/mcdsl/health/health.ts";
import { startMetricsServer } from "@metacircular/mcdsl/metrics/server.ts";
import type { HttpHandler } from "@metacircular/mcdsl/rest/gateway.ts";
import { type ApiService, startApiServer } from "@metacircular/mcdsl/server/api-server.ts";
import { auditService } from "./api/audit-service.ts";
import { garbageCollectionService } from "./api/garbage-collection-service.ts";
import { repositoryService } from "./api/repository-service.ts";
import { ruleService } from "./api/rule-service.ts";
import { statusService } from "./api/status-service.ts";
import { runInBackground } from "./background.ts";
import { type Core, type CoreOptions, openCore } from "./core.ts";
import { createDistributionHandler, isDistributionRequest } from "./http/handler.ts";
import { Observations } from "./metrics/observations.ts";
import { createWebHandler } from "./web/handler.ts";

/** A registry that serves. Disposing it stops it and closes what it has open. */
export interface RegistryServer extends AsyncDisposable {
  /** HTTPS: the distribution API, tokens, REST and the web pages. */
  readonly https: HostAndPort;
  readonly grpc: HostAndPort | undefined;
}

/** Layers take minutes; clients that fall silent are cut by the handler. */
const httpsLimits = { requestTimeoutMs: 0, closeTimeoutMs: 15_000, continuesItself: isDistributionRequest };

/** Constructs and starts the registry. When it stops, requests in progress get a bounded time to end.
 * @throws DetailedError LISTEN_FAILED, and those of the stores and the certificate */
export async function startRegistryServer(options: CoreOptions): Promise<RegistryServer> {
  const { config, logger, clock, version } = options;
  await using stack = new AsyncDisposableStack();
  const core = await openCore(options, stack);
  const { auditLog, metrics } = core;
  const observations = new Observations({ ...core, clock, logger });
  runInBackground(options, core, observations, stack);
  const api = stack.use(
    await startApiServer({
      rest: config.server.listen_addr,
      grpc: config.server.grpc_addr,
      tls: { certFile: config.server.tls_cert, keyFile: config.server.tls_key },
      services: services(options, core),
      authenticator: core.verifier,
      handler: firstOf([
        createDistributionHandler({ ...core, clock, logger }),
        core.tokenHandler,
        healthHandler(createHealth(core.checks)),
        ...(config.web.enabled ? [webHandler(options, core)] : []),
      ]),
      httpsLimits,
      proxyProtocolFrom: config.server.proxy_protocol_from,
      onCallEnd: (ended) => metrics.callEnded(ended),
      logger,
      clock,
    }),
  );
  if (config.metrics.listen !== undefined) {
    const render = (): string => metrics.render({ observations, auditLog });
    stack.use(await startMetricsServer({ address: config.metrics.listen, render, clock, logger }));
  }
  const { rest: https, grpc } = api;
  const { engine: database } = core.database;
  logger.info({ https, grpc, database, storage: config.storage.type, version }, "serving");
  const owned = stack.move();
  return { https, grpc, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function services({ config, version, clock }: CoreOptions, core: Core): ApiService[] {
  const about = {
    version,
    externalUrl: config.server.external_url,
    engine: core.database.engine,
    storage: config.storage.type,
    startedAtMs: clock.now(),
  };
  return [
    repositoryService(core),
    ruleService(core),
    garbageCollectionService(core),
    auditService({ store: core.auditStore }),
    statusService({ ...core, ...about }),
  ];
}

function webHandler({ config, clock, logger }: CoreOptions, core: Core): HttpHandler {
  return createWebHandler({
    ...core,
    collection: core.collector,
    serviceName: config.mcias.service_name,
    registryHost: new URL(config.server.external_url).host,
    clock,
    logger,
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
