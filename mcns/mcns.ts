import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createTokenVerifier } from "@metacircular/mcdsl/auth/verifier.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { claimFile } from "@metacircular/mcdsl/database/claim.ts";
import { openDatabase } from "@metacircular/mcdsl/database/open.ts";
import { createHealth, healthHandler } from "@metacircular/mcdsl/health/health.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { startMetricsServer } from "@metacircular/mcdsl/metrics/server.ts";
import { startApiServer } from "@metacircular/mcdsl/server/api-server.ts";
import { serverTlsOptions } from "@metacircular/mcdsl/tls/options.ts";
import { takeOverRenewals } from "@metacircular/mcdsl/tls/take-over-renewals.ts";
import { keyService } from "./api/key-service.ts";
import { createRecordPolicy } from "./api/record-policy.ts";
import { recordService } from "./api/record-service.ts";
import { zoneService } from "./api/zone-service.ts";
import type { Config } from "./config.ts";
import { dnsSettings } from "./dns-settings.ts";
import { type DnsServer, startDnsServer } from "./listen/dns-server.ts";
import { NameServerMetrics } from "./name-server-metrics.ts";
import { claimWords } from "./store/claim-words.ts";
import { KeyStore } from "./store/key-store.ts";
import { migrations } from "./store/migrations.ts";
import { ZoneStore } from "./store/zone-store.ts";

/** Whole zone files come and go as one message. */
const mostMessageBytes = 32 * 1024 * 1024;
const expireJournalEveryMs = 3_600_000;

export interface NameServerOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly version: string;
}

/** A name server that serves. Disposing it stops it and closes the database. */
export interface NameServer extends AsyncDisposable {
  readonly rest: HostAndPort;
  readonly grpc: HostAndPort | undefined;
  readonly dns: readonly HostAndPort[];
  /** DNS over TLS. */
  readonly dnsOverTls: readonly HostAndPort[];
}

/** Constructs and starts the name server.
 * @throws DetailedError NAME_SERVER_ALREADY_RUNS, LISTEN_FAILED, and those of the database and the certificate */
export async function startNameServer(options: NameServerOptions): Promise<NameServer> {
  const { config, logger, clock, version } = options;
  const tls = { certFile: config.server.tls_cert, keyFile: config.server.tls_key };
  await using stack = new AsyncDisposableStack();
  stack.use(claimFile(config.database.path, claimWords));
  const database = stack.use(openDatabase({ file: config.database.path, migrations }));
  const journal = { maxChanges: config.journal.max_changes, keepForMs: config.journal.keep_for };
  const store = new ZoneStore({ database, journal, clock, logger });
  const keys = new KeyStore({ database, clock, logger });
  const metrics = stack.use(new NameServerMetrics({ store, clock, version }));
  const settings = dnsSettings(config, serverTlsOptions(tls, clock));
  const dns = stack.use(await startDnsServer({ settings, source: store, keys, clock, logger }));
  const verifier = stack.use(openVerifier(config, clock));
  const policy = createRecordPolicy(config.auth.record_managers);
  const api = stack.use(
    await startApiServer({
      rest: config.server.listen_addr,
      grpc: config.server.grpc_addr,
      tls,
      services: [
        zoneService({ store, keys }),
        recordService({ store, policy }),
        keyService({ keys, randomBytes: (length) => randomBytes(length) }),
      ],
      authenticator: verifier,
      handler: healthHandler(createHealth({ database: () => void database.sql.prepare("SELECT 1").get() })),
      onCallEnd: (ended) => metrics.callEnded(ended),
      maxMessageBytes: mostMessageBytes,
      proxyProtocolFrom: config.server.proxy_protocol_from,
      logger,
      clock,
    }),
  );
  await startMetrics(options, { metrics, dns }, stack);
  runInBackground(options, { store, dns, tls }, stack);
  const { rest, grpc } = api;
  const { addresses, tlsAddresses: dnsOverTls } = dns;
  const zones = store.list().length;
  logger.info({ rest, grpc, dns: addresses, dnsOverTls, zones, version }, "serving");
  const owned = stack.move();
  return { rest, grpc, dns: addresses, dnsOverTls, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function openVerifier({ mcias }: Config, clock: Clock): ReturnType<typeof createTokenVerifier> {
  return createTokenVerifier({
    issuer: mcias.server_url,
    ...(mcias.ca_cert === "" ? {} : { caFile: mcias.ca_cert }),
    introspectionToken: async () => (await readFile(mcias.token_path, "utf8")).trim(),
    clock,
  });
}

async function startMetrics(
  { config, clock, logger }: NameServerOptions,
  { metrics, dns }: { metrics: NameServerMetrics; dns: DnsServer },
  stack: AsyncDisposableStack,
): Promise<void> {
  const address = config.metrics.listen;
  if (address === undefined) return;
  const render = (): string => metrics.render(dns.families());
  stack.use(await startMetricsServer({ address, render, clock, logger }));
}

/** Keeps the journal within its age, and takes renewed certificates for DNS over TLS, until the stack is disposed. */
function runInBackground(
  { clock, logger }: NameServerOptions,
  parts: { store: ZoneStore; dns: DnsServer; tls: { certFile: string; keyFile: string } },
  stack: AsyncDisposableStack,
): void {
  const { store, dns, tls } = parts;
  const stopping = new AbortController();
  const renewals = takeOverRenewals(
    { setSecureContext: ({ cert, key }) => dns.useCertificate({ cert, key }) },
    { tls, clock, logger },
    stopping.signal,
  );
  const expiry = expireJournal(store, { clock, logger }, stopping.signal);
  stack.defer(async () => {
    stopping.abort();
    await Promise.all([renewals, expiry]);
  });
}

async function expireJournal(
  store: ZoneStore,
  { clock, logger }: { clock: Clock; logger: Logger },
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    try {
      store.expireJournal();
    } catch (error) {
      logger.error({ error }, "the journal could not be shortened");
    }
    await clock.sleep(expireJournalEveryMs, stopping).catch(() => undefined);
  }
}
