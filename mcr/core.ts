import { readFile } from "node:fs/promises";
import type { TokenVerifier } from "@metacircular/mcdsl/auth/identity.ts";
import { createTokenVerifier } from "@metacircular/mcdsl/auth/verifier.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { HealthCheck } from "@metacircular/mcdsl/health/health.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { createIdentityClient, type IdentityClient } from "@metacircular/mcias/client.ts";
import { type AccessControl, openAccessControl } from "./access/access-control.ts";
import type { Audit } from "./audit/audit.ts";
import { AuditLog } from "./audit/audit-log.ts";
import { AuditStore } from "./audit/audit-store.ts";
import { PullStore } from "./audit/pull-store.ts";
import type { Config } from "./config.ts";
import { createGarbageCollector, type GarbageCollector } from "./gc/collector.ts";
import { openDatabaseClock } from "./metadata/database-clock.ts";
import type { Metadata } from "./metadata/metadata.ts";
import { createMetadata } from "./metadata/store.ts";
import { ServerMetrics } from "./metrics/metrics.ts";
import { createRegistry, type Registry } from "./registry/registry.ts";
import { openStores, type Stores } from "./stores.ts";

export interface CoreOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly version: string;
}

/** All that decides and keeps, without the doors to it. */
export interface Core extends Stores, AccessControl {
  /** By which all servers of this registry agree. */
  readonly databaseClock: Clock;
  readonly metadata: Metadata;
  readonly registry: Registry;
  /** Of tokens of the identity service. */
  readonly verifier: TokenVerifier;
  readonly identity: IdentityClient;
  /** The token of the registry's own system account. */
  readonly ownToken: () => Promise<string>;
  readonly auditStore: AuditStore;
  readonly pulls: PullStore;
  readonly auditLog: AuditLog;
  /** To be told of everything. */
  readonly audit: Audit;
  readonly collector: GarbageCollector;
  readonly metrics: ServerMetrics;
  readonly checks: { readonly database: HealthCheck; readonly storage: HealthCheck };
}

/** Opens it all, in an order in which the stack can close it again.
 * @throws DetailedError those of the stores */
export async function openCore(options: CoreOptions, stack: AsyncDisposableStack): Promise<Core> {
  const { config, logger, version } = options;
  const stores = await openStores(config, options.clock, stack);
  const { database, blobs, uploads } = stores;
  const clock = stack.use(await openDatabaseClock(database, options.clock));
  const metadata = createMetadata({ sql: database, clock, leaseMs: config.garbage_collection.lease });
  const auditStore = new AuditStore(database);
  const notePulls = metadata.recordPulls.bind(metadata);
  const auditLog = stack.use(new AuditLog({ store: auditStore, notePulls, clock, logger }));
  const metrics = new ServerMetrics({ clock: options.clock, version });
  const audit = metrics.counting(auditLog);
  const identities = identityParts(config, options.clock, stack);
  const access = await openAccessControl(
    {
      sql: database,
      audit,
      logger,
      clock,
      identities: identities.verifier,
      identity: identities.identity,
      ownToken: identities.ownToken,
      serviceName: config.mcias.service_name,
      externalUrl: config.server.external_url,
      loginPolicy: { maxFailures: config.login.address_failures, windowMs: config.login.address_window },
    },
    stack,
  );
  const collector = stack.use(
    createGarbageCollector({
      sql: database,
      blobs,
      clock,
      logger,
      audit,
      retention: () => access.rules.retentionRules(),
      rules: access.rules,
      leaseMs: config.garbage_collection.lease,
      graceMs: config.garbage_collection.grace,
    }),
  );
  return {
    ...stores,
    ...access,
    ...identities,
    databaseClock: clock,
    metadata,
    registry: createRegistry({
      ...{ metadata, blobs, uploads, clock },
      rules: access.rules,
      mayLack: config.manifests.may_lack,
    }),
    auditStore,
    pulls: new PullStore(database),
    auditLog,
    audit,
    collector,
    metrics,
    checks: {
      database: async () => void (await database.query("SELECT 1 AS one")),
      storage: (signal) => blobs.check(signal),
    },
  };
}

function identityParts({ mcias }: Config, clock: Clock, stack: AsyncDisposableStack) {
  const issuer = mcias.server_url;
  const trust = mcias.ca_cert === "" ? {} : { caFile: mcias.ca_cert };
  const ownToken = async (): Promise<string> => (await readFile(mcias.token_path, "utf8")).trim();
  const verifier = stack.use(createTokenVerifier({ issuer, ...trust, introspectionToken: ownToken, clock }));
  const identity = stack.use(createIdentityClient({ issuer, ...trust, clock }));
  return { verifier, identity, ownToken };
}
