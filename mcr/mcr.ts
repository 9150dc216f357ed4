import { readFile } from "node:fs/promises";
import { createTokenVerifier } from "@metacircular/mcdsl/auth/verifier.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { createHealth, healthHandler } from "@metacircular/mcdsl/health/health.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { startMetricsServer } from "@metacircular/mcdsl/metrics/server.ts";
import type { HttpHandler } from "@metacircular/mcdsl/rest/gateway.ts";
import { startApiServer } from "@metacircular/mcdsl/server/api-server.ts";
import { auditService } from "./api/audit-service.ts";
import { repositoryService } from "./api/repository-service.ts";
import { ruleService } from "./api/rule-service.ts";
import { statusService } from "./api/status-service.ts";
import { AuditLog } from "./audit/audit-log.ts";
import { AuditStore } from "./audit/audit-store.ts";
import { PullStore } from "./audit/pull-store.ts";
import { keepAuditWithin } from "./audit/retention.ts";
import type { Config } from "./config.ts";
import { createMetadata } from "./metadata/store.ts";
import { ServerMetrics } from "./metrics/metrics.ts";
import { Observations } from "./metrics/observations.ts";
import { openRules } from "./policy/rules.ts";
import { createRegistry } from "./registry/registry.ts";
import { openStores } from "./stores.ts";

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

const expireUploadsEveryMs = 300_000;

/** Constructs and starts the registry.
 * @throws DetailedError LISTEN_FAILED, and those of the stores and the certificate */
export async function startRegistryServer(options: RegistryServerOptions): Promise<RegistryServer> {
  const { config, logger, clock, version } = options;
  await using stack = new AsyncDisposableStack();
  const core = await openCore(options, stack);
  const { metrics, observations, auditLog } = core;
  const verifier = stack.use(openVerifier(config, clock));
  const api = stack.use(
    await startApiServer({
      rest: config.server.listen_addr,
      grpc: config.server.grpc_addr,
      tls: { certFile: config.server.tls_cert, keyFile: config.server.tls_key },
      services: [
        repositoryService(core),
        ruleService(core),
        auditService({ store: core.auditStore }),
        statusService({
          ...core,
          version,
          externalUrl: config.server.external_url,
          engine: core.database.engine,
          storage: config.storage.type,
          startedAtMs: clock.now(),
        }),
      ],
      authenticator: verifier,
      handler: firstOf([healthHandler(createHealth(core.checks))]),
      onCallEnd: (ended) => metrics.callEnded(ended),
      logger,
      clock,
    }),
  );
  const address = config.metrics.listen;
  if (address !== undefined) {
    const render = (): string => metrics.render({ observations, auditLog });
    stack.use(await startMetricsServer({ address, render, clock, logger }));
  }
  runInBackground(options, core, stack);
  const { rest: https, grpc } = api;
  const { engine: database } = core.database;
  logger.info({ https, grpc, database, storage: config.storage.type, version }, "serving");
  const owned = stack.move();
  return { https, grpc, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type Core = Awaited<ReturnType<typeof openCore>>;

/** All that decides and keeps, without the doors to it. */
async function openCore(options: RegistryServerOptions, stack: AsyncDisposableStack) {
  const { config, logger, clock, version } = options;
  const stores = await openStores(config, clock, stack);
  const { database, blobs, uploads } = stores;
  const metadata = createMetadata({ sql: database, clock, leaseMs: config.garbage_collection.lease });
  const auditStore = new AuditStore(database);
  const pulls = new PullStore(database);
  const notePulls = metadata.recordPulls.bind(metadata);
  const auditLog = stack.use(new AuditLog({ store: auditStore, notePulls, clock, logger }));
  const metrics = new ServerMetrics({ clock, version });
  const audit = metrics.counting(auditLog);
  const rules = stack.use(await openRules({ sql: database, clock, logger, audit }));
  const registry = createRegistry({ metadata, blobs, uploads, rules, clock });
  const checks = {
    database: async () => void (await database.query("SELECT 1 AS one")),
    storage: (signal: AbortSignal) => blobs.check(signal),
  };
  const observations = new Observations({ metadata, uploads, checks, clock, logger });
  return {
    ...stores,
    metadata,
    auditStore,
    pulls,
    auditLog,
    metrics,
    audit,
    rules,
    registry,
    checks,
    observations,
  };
}

/** Runs what happens by itself until the stack is disposed. */
function runInBackground(
  { config, clock, logger }: RegistryServerOptions,
  core: Core,
  stack: AsyncDisposableStack,
): void {
  const { auditStore: audit, pulls, uploads, observations } = core;
  const stopping = new AbortController();
  const { keep_for: keepForMs, max_entries: maxEntries } = config.audit;
  const running = [
    keepAuditWithin({ keepForMs, maxEntries }, { audit, pulls, clock, logger }, stopping.signal),
    expireUploads(uploads, config.storage.upload_expiry, { clock, logger }, stopping.signal),
    observations.run(stopping.signal),
  ];
  stack.defer(async () => {
    stopping.abort();
    await Promise.all(running);
  });
}

async function expireUploads(
  uploads: Core["uploads"],
  olderThanMs: number,
  { clock, logger }: { clock: Clock; logger: Logger },
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    try {
      const removed = await uploads.expire(olderThanMs);
      if (removed > 0) logger.info({ removed }, "uploads that nobody goes on with removed");
    } catch (error) {
      logger.error({ error }, "old uploads could not be removed");
    }
    await clock.sleep(expireUploadsEveryMs, stopping).catch(() => undefined);
  }
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
