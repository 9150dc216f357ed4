import { randomBytes } from "node:crypto";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { serverTlsOptions } from "@metacircular/mcdsl/tls/options.ts";
import { AnonymousRefusals } from "./audit/anonymous-refusals.ts";
import type { Config } from "./config.ts";
import { takeOverRenewals } from "@metacircular/mcdsl/tls/take-over-renewals.ts";
import { createRouter } from "./http/router.ts";
import { startHttpsServer } from "@metacircular/mcdsl/http/https-server.ts";
import { AddressLimit } from "@metacircular/mcdsl/auth/address-limit.ts";
import { OneAtATime } from "./login/one-at-a-time.ts";
import { PasswordLogin } from "./login/password-login.ts";
import { type MaintenanceParts, runMaintenance } from "./maintenance.ts";
import { ClientDirectory } from "./provider/clients.ts";
import { createCurrentProvider, type CurrentProvider } from "./provider/current-provider.ts";
import { TokenRecorder } from "./provider/decisions.ts";
import { createRoutes } from "./routes.ts";
import { openStores, type Stores } from "./stores.ts";

/** Each login occupies a thread for some 30 ms and 19 MiB meanwhile. */
const MAX_PENDING_LOGINS = 64;

/** Constructs and starts the identity server. Disposing it stops it and closes the database. */
export async function startIdentity(parts: {
  config: Config;
  logger: Logger;
  clock: Clock;
}): Promise<AsyncDisposable & { readonly port: number }> {
  const { config, logger, clock } = parts;
  await using cleanup = new AsyncDisposableStack();
  const stores = cleanup.use(openStores(config, clock));
  const addresses = new AddressLimit(addressPolicy(config), clock);
  const refusals = new AnonymousRefusals(stores.audit, addresses);
  const login = createLogin(config, stores, addresses);
  const currentProvider = createOAuth({ config, stores, login, refusals, logger });
  await currentProvider();
  const routes = createRoutes({ config, stores, addresses, refusals, login, currentProvider });
  const server = cleanup.use(
    await startHttpsServer({
      address: config.server.listen_addr,
      tls: serverTlsOptions(certificateFiles(config), clock),
      handle: createRouter({ routes, logger, clock }),
      proxies: { from: config.server.proxy_protocol_from, logger, clock },
    }),
  );
  const stopping = new AbortController();
  const tls = certificateFiles(config);
  const running = [
    takeOverRenewals(server, { tls, clock, logger }, stopping.signal),
    runMaintenance(maintenanceParts({ config, stores, logger }), stopping.signal),
  ];
  cleanup.defer(async () => {
    stopping.abort();
    await Promise.all(running);
  });
  logger.info({ issuer: config.server.issuer, port: server.address.port }, "serving");
  const owned = cleanup.move();
  return { port: server.address.port, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function createLogin(config: Config, stores: Stores, addresses: AddressLimit): PasswordLogin {
  const { accounts, failures, audit, clock } = stores;
  const lockPolicy = {
    freeAttempts: config.login.free_attempts,
    firstDelayMs: config.login.first_delay,
    maxDelayMs: config.login.max_delay,
    forgetAfterMs: config.login.forget_after,
  };
  const queue = new OneAtATime(MAX_PENDING_LOGINS);
  return new PasswordLogin({ accounts, failures, addresses, audit, queue, lockPolicy, clock });
}

function createOAuth(parts: {
  config: Config;
  stores: Stores;
  login: PasswordLogin;
  refusals: AnonymousRefusals;
  logger: Logger;
}): () => Promise<CurrentProvider> {
  const { config, login, refusals, logger } = parts;
  const { accounts, tokens, records, inspector, audit, keys, clock } = parts.stores;
  return createCurrentProvider(
    {
      issuer: config.server.issuer,
      lifetimes: { accessMs: config.tokens.access_lifetime, refreshMs: config.tokens.refresh_lifetime },
      clients: new ClientDirectory(accounts),
      recorder: new TokenRecorder({ accounts, tokens, records, audit, refusals }),
      cookieKey: randomBytes(32).toString("base64url"),
      accounts,
      tokens,
      records,
      login,
      inspector,
      clock,
      logger,
    },
    keys,
  );
}

function maintenanceParts(parts: { config: Config; stores: Stores; logger: Logger }): MaintenanceParts {
  const { config, stores, logger } = parts;
  const { keys, tokens, records, failures, audit, clock } = stores;
  return {
    keys,
    tokens,
    records,
    failures,
    audit,
    clock,
    logger,
    retention: {
      failuresMs: config.login.forget_after,
      auditMs: config.audit.retention,
      auditEntries: config.audit.max_entries,
    },
  };
}

function certificateFiles(config: Config): { certFile: string; keyFile: string } {
  return { certFile: config.server.tls_cert, keyFile: config.server.tls_key };
}

function addressPolicy(config: Config): { maxFailures: number; windowMs: number } {
  return { maxFailures: config.login.address_failures, windowMs: config.login.address_window };
}
