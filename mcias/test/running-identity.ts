import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import tls from "node:tls";
import { type Clock, systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { Administration } from "../admin/administration.ts";
import { type Config, loadIdentityConfig } from "../config.ts";
import { startIdentity } from "../identity.ts";
import { openStores, type Stores } from "../stores.ts";
import { issueSystemToken } from "../tokens/system-token.ts";

export const PASSWORD = "correct horse battery";

/** A real server in this process, and its database opened a second time, as the command line does. */
export interface RunningIdentity extends AsyncDisposable {
  readonly issuer: string;
  readonly caFile: string;
  readonly configFile: string;
  readonly config: Config;
  readonly stores: Stores;
  readonly administration: Administration;
  readonly clock: MovableClock;
  /** Everything the server has logged. */
  readonly log: string[];
  systemToken(name: string): Promise<string>;
  restart(): Promise<void>;
}

export interface MovableClock extends Clock {
  advance(durationMs: number): void;
}

/** @param tables further lines for the configuration file */
export async function runIdentity(tables = ""): Promise<RunningIdentity> {
  await using cleanup = new AsyncDisposableStack();
  const { path: directory } = cleanup.use(await createTemporaryDirectory());
  const certificates = await createTestCertificates(join(directory, "certs"));
  trust(await readFile(certificates.caFile, "utf8"));
  const port = await freePort();
  const issuer = `https://localhost:${port}`;
  const configFile = join(directory, "mcias.toml");
  await writeFile(
    configFile,
    `[server]
listen_addr = "127.0.0.1:${port}"
issuer = "${issuer}"
tls_cert = ${JSON.stringify(certificates.certFile)}
tls_key = ${JSON.stringify(certificates.keyFile)}
[database]
path = ${JSON.stringify(join(directory, "mcias.db"))}
${tables}`,
  );
  const config = loadIdentityConfig(configFile, {});
  const clock = createMovableClock();
  const log: string[] = [];
  const logger = createLogger({
    name: "mcias",
    level: "debug",
    destination: { write: (line) => void log.push(line) },
  });
  let server = await startIdentity({ config, logger, clock });
  cleanup.defer(() => server[Symbol.asyncDispose]());
  const stores = cleanup.use(openStores(config, clock));
  const administration = new Administration(stores, "cli:test");
  const owned = cleanup.move();
  return {
    issuer,
    caFile: certificates.caFile,
    configFile,
    config,
    stores,
    administration,
    clock,
    log,
    async systemToken(name) {
      if (stores.accounts.find(name) === undefined) administration.addSystem(name);
      return (await issueSystemToken(stores, { name, issuer, lifetimeMs: 86_400_000 })).token;
    },
    async restart() {
      await server[Symbol.asyncDispose]();
      server = await startIdentity({ config, logger, clock });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function createMovableClock(): MovableClock {
  let aheadMs = 0;
  return {
    now: () => systemClock.now() + aheadMs,
    sleep: (durationMs, signal) => systemClock.sleep(durationMs, signal),
    advance: (durationMs) => void (aheadMs += durationMs),
  };
}

/** For clients that bring no setting of their own, such as fetch. */
function trust(authorityPem: string): void {
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), authorityPem]);
}
