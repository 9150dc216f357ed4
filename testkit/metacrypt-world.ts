import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createIdentityClient } from "@metacircular/mcias/client.ts";
import { createTestCertificates, type TestCertificates } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import { createTestIdentity, type TestIdentity } from "./identity.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

export const PASSPHRASE = "correct horse battery staple";

/** Tokens of a real identity service. */
export interface Tokens {
  readonly guest: string;
  readonly user: string;
  readonly system: string;
  readonly admin: string;
}

/** What a Metacrypt lives in: a real identity service, accounts of every sort, and certificates. */
export interface World extends AsyncDisposable {
  readonly directory: string;
  readonly certificates: TestCertificates;
  readonly tokens: Tokens;
  /** Writes a configuration with free ports, and files in a directory.
   * @param options.lines further ones */
  configure(options: { directory: string; databaseFile: string; lines?: string }): Promise<Configured>;
}

export interface Configured {
  readonly file: string;
  readonly keyFile: string;
  readonly rest: string;
  /** `host:port` */
  readonly grpc: string;
  readonly http: string;
  readonly metrics: string;
}

export async function createWorld(): Promise<World> {
  await using cleanup = new AsyncDisposableStack();
  const { path: directory } = cleanup.use(await createTemporaryDirectory());
  const certificates = await createTestCertificates(join(directory, "certs"));
  const identity = cleanup.use(await createTestIdentity(join(directory, "mcias"), certificates));
  const tokens = await issueTokens(identity);
  const tokenFile = join(directory, "token");
  await writeFile(tokenFile, await identity.systemToken("metacrypt"), { mode: 0o600 });
  const owned = cleanup.move();
  return {
    directory,
    certificates,
    tokens,
    configure: (options) => configure({ ...options, certificates, issuer: identity.issuer, tokenFile }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function configure(options: {
  directory: string;
  databaseFile: string;
  certificates: TestCertificates;
  issuer: string;
  tokenFile: string;
  lines?: string;
}): Promise<Configured> {
  const { directory, certificates } = options;
  const [rest, grpc, http, metrics] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const file = join(directory, "metacrypt.toml");
  const keyFile = join(directory, "unattended.key");
  await writeFile(
    file,
    `[server]
listen_addr = "127.0.0.1:${rest}"
grpc_addr = "127.0.0.1:${grpc}"
http_addr = "127.0.0.1:${http}"
tls_cert = ${JSON.stringify(certificates.certFile)}
tls_key = ${JSON.stringify(certificates.keyFile)}
external_url = "https://localhost:${rest}"
[database]
path = ${JSON.stringify(options.databaseFile)}
[mcias]
server_url = ${JSON.stringify(options.issuer)}
ca_cert = ${JSON.stringify(certificates.caFile)}
token_path = ${JSON.stringify(options.tokenFile)}
[seal]
unattended_key_file = ${JSON.stringify(keyFile)}
[metrics]
listen = "127.0.0.1:${metrics}"
${options.lines ?? ""}`,
  );
  return {
    file,
    keyFile,
    rest: `https://localhost:${rest}`,
    grpc: `localhost:${grpc}`,
    http: `http://127.0.0.1:${http}`,
    metrics: `http://127.0.0.1:${metrics}/metrics`,
  };
}

async function issueTokens(identity: TestIdentity): Promise<Tokens> {
  const people = {
    guest: await loginOf(identity, "gina", "guest"),
    user: await loginOf(identity, "uma", "user"),
    admin: await loginOf(identity, "ada", "admin"),
  };
  return { ...people, system: await identity.systemToken("sys") };
}

async function loginOf(identity: TestIdentity, name: string, role: string): Promise<string> {
  await identity.admin(["account", "add", name, "--role", role, "--password-stdin"], `${PASSPHRASE}\n`);
  using client = createIdentityClient({ issuer: identity.issuer, caFile: identity.caFile });
  const { accessToken } = await client.login({
    username: name,
    password: PASSPHRASE,
    serviceName: "metacrypt",
  });
  return accessToken;
}
