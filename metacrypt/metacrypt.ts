import type { DescService } from "@bufbuild/protobuf";
import { readFile } from "node:fs/promises";
import { createTokenVerifier } from "@metacircular/mcdsl/auth/verifier.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { startMetricsServer } from "@metacircular/mcdsl/metrics/server.ts";
import { type ApiServer, startApiServer } from "@metacircular/mcdsl/server/api-server.ts";
import { startAcmeServer } from "./acme/acme-server.ts";
import type { AcmeMounts } from "./acme/ports.ts";
import { caEngine } from "./ca/mount.ts";
import { createPkiHandler } from "./ca/status/pki-handler.ts";
import type { Config } from "./config.ts";
import { engineTypes } from "./engine-types.ts";
import { createHandler } from "./http/handler.ts";
import { startPublicServer } from "./http/public-server.ts";
import { runMaintenance } from "./maintenance.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { Mounts } from "./mounts/mounts.ts";
import { Policy } from "./policy/policy.ts";
import { Seal } from "./seal/seal.ts";
import { createServices } from "./services.ts";
import { openStores, type Stores } from "./stores.ts";

export interface MetacryptOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly version: string;
}

/** What works behind the barrier. */
interface Core {
  readonly policy: Policy;
  readonly mounts: Mounts;
  readonly seal: Seal;
}

export interface RunningServer extends AsyncDisposable, Pick<ApiServer, "rest" | "grpc"> {
  /** What it serves. */
  readonly descriptions: readonly DescService[];
}

/** Constructs and starts the server. Disposing it stops it, forgets all keys and closes the database. */
export async function startMetacrypt(options: MetacryptOptions): Promise<RunningServer> {
  const { config, logger, clock, version } = options;
  await using stack = new AsyncDisposableStack();
  const stores = stack.use(openStores(config.database.path, clock));
  const core = createCore(options, stores);
  const { seal, mounts } = core;
  stack.defer(() => seal.close());
  const metrics = createMetrics({ ...core, auditStore: stores.auditStore, clock, version });
  const acmeMounts = acmeMountsOf(core);
  const { external_url: externalUrl } = config.server;
  const { policy } = core;
  const { audit } = stores;
  const acme = stack.use(
    startAcmeServer({ config: config.acme, externalUrl, mounts: acmeMounts, policy, audit, clock, logger }),
  );
  const services = createServices({ ...stores, ...core, acmeMounts, externalUrl, clock, version });
  const publicHandler = createHandler(() => seal.isSealed, [createPkiHandler(mounts)]);
  const server = stack.use(
    await startApiServer({
      rest: config.server.listen_addr,
      grpc: config.server.grpc_addr,
      tls: { certFile: config.server.tls_cert, keyFile: config.server.tls_key },
      services,
      authenticator: stack.use(openVerifier(options)),
      gate: ({ whileSealed }) => {
        if (!whileSealed) seal.assertOpen();
      },
      handler: createHandler(() => seal.isSealed, [createPkiHandler(mounts), acme.handler]),
      proxyProtocolFrom: config.server.proxy_protocol_from,
      onCallEnd: (ended) => metrics.callEnded(ended),
      logger,
      clock,
    }),
  );
  const { http_addr: publicAddress } = config.server;
  if (publicAddress !== undefined) {
    stack.use(await startPublicServer({ address: publicAddress, handler: publicHandler, logger }));
  }
  const { listen } = config.metrics;
  if (listen !== undefined) {
    stack.use(await startMetricsServer({ address: listen, render: () => metrics.render(), clock, logger }));
  }
  await seal.unsealUnattended();
  const stopping = new AbortController();
  const maintenance = runMaintenance(maintenanceParts(options, stores), stopping.signal);
  stack.defer(async () => {
    stopping.abort();
    await maintenance;
  });
  const { rest, grpc } = server;
  logger.info({ rest, grpc, sealed: seal.isSealed, version }, "serving");
  const owned = stack.move();
  const descriptions = services.map(({ description }) => description);
  return { rest, grpc, descriptions, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function createCore({ config, logger, clock }: MetacryptOptions, { barrier, audit }: Stores): Core {
  const policy = new Policy(barrier.records.under("core/policy"));
  const { external_url: externalUrl, pki_url: pkiUrl } = config.server;
  const mounts = new Mounts({
    records: barrier.records,
    policy,
    audit,
    types: engineTypes,
    settings: { externalUrl, ...(pkiUrl === "" ? {} : { pkiUrl }) },
    clock,
    logger,
  });
  const keyFile = config.seal.unattended_key_file;
  return { policy, mounts, seal: new Seal({ barrier, mounts, policy, audit, keyFile, logger }) };
}

/** The CA mounts as ACME clients may use them. */
function acmeMountsOf({ mounts, seal }: Core): AcmeMounts {
  return {
    find(name) {
      seal.assertOpen();
      if (!mounts.names(caEngine).includes(name)) return undefined;
      return { name, issuer: mounts.engine(caEngine, name), records: mounts.recordsOf(name).under("acme") };
    },
    names() {
      seal.assertOpen();
      return mounts.names(caEngine);
    },
  };
}

function openVerifier({ config, clock }: MetacryptOptions): ReturnType<typeof createTokenVerifier> {
  const { server_url: issuer, ca_cert: caFile, token_path: tokenPath } = config.mcias;
  return createTokenVerifier({
    issuer,
    ...(caFile === "" ? {} : { caFile }),
    introspectionToken: async () => (await readFile(tokenPath, "utf8")).trim(),
    clock,
  });
}

function maintenanceParts(
  { config, logger, clock }: MetacryptOptions,
  { database, auditStore }: Stores,
): Parameters<typeof runMaintenance>[0] {
  const { retention: maxAgeMs, max_entries: maxEntries } = config.audit;
  return { database, auditStore, retention: { maxAgeMs, maxEntries }, logger, clock };
}
