import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createNameServerClient, type NameServerClient } from "@metacircular/mcns/client.ts";
import type { TestCertificates } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import { type Program, startProgram } from "./program.ts";

/** A real name server in a process of its own, with its data in a directory. */
export interface TestNameServer extends AsyncDisposable {
  /** `host:port`; the same after a restart. */
  readonly grpcAddress: string;
  /** Origin of REST. */
  readonly restUrl: string;
  readonly dnsPort: number;
  readonly metricsUrl: string;
  readonly caFile: string;
  readonly configFile: string;
  readonly databaseFile: string;
  /** The process that runs now. */
  readonly program: Program;
  /** A connection as whom the token stands for. */
  client(token: string): NameServerClient;
  /** Ends it as a crash would; `start` brings it back under the same addresses. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface TestNameServerOptions {
  readonly certificates: TestCertificates;
  readonly identity: { readonly issuer: string; readonly caFile: string };
  /** Of the name server's own system account. */
  readonly ownToken: string;
  /** Further lines of the configuration, with their sections. */
  readonly configuration?: string;
}

const callTimeoutMs = 60_000;

export async function createTestNameServer(
  directory: string,
  options: TestNameServerOptions,
): Promise<TestNameServer> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const [restPort, grpcPort] = [await freePort(), await freePort()];
  const [dnsPort, metricsPort] = [await freePort(), await freePort()];
  const { caFile } = options.certificates;
  const configFile = join(directory, "mcns.toml");
  const databaseFile = join(directory, "mcns.db");
  const tokenFile = join(directory, "mcias-token");
  await writeFile(tokenFile, options.ownToken, { mode: 0o600 });
  await writeFile(
    configFile,
    configText({ ...options, restPort, grpcPort, dnsPort, metricsPort, databaseFile, tokenFile }),
  );
  const run = async (): Promise<Program> => {
    const started = startProgram("mcns/main.ts", ["server", "--config", configFile], {
      PATH: process.env["PATH"],
    });
    await started.line((line) => line.includes('"serving"'));
    return started;
  };
  let program = await run();
  const grpcAddress = `localhost:${grpcPort}`;
  return {
    grpcAddress,
    restUrl: `https://localhost:${restPort}`,
    dnsPort,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    caFile,
    configFile,
    databaseFile,
    get program() {
      return program;
    },
    client: (token) =>
      createNameServerClient({
        address: grpcAddress,
        caFile,
        token: () => Promise.resolve(token),
        timeoutMs: callTimeoutMs,
      }),
    kill: () => program.kill(),
    stop: async () => program[Symbol.asyncDispose](),
    async start() {
      program = await run();
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

function configText(
  parts: TestNameServerOptions & {
    restPort: number;
    grpcPort: number;
    dnsPort: number;
    metricsPort: number;
    databaseFile: string;
    tokenFile: string;
  },
): string {
  const { certificates, identity, configuration = "" } = parts;
  return `${configuration}
[server]
listen_addr = "127.0.0.1:${parts.restPort}"
grpc_addr = "127.0.0.1:${parts.grpcPort}"
tls_cert = ${JSON.stringify(certificates.certFile)}
tls_key = ${JSON.stringify(certificates.keyFile)}
[database]
path = ${JSON.stringify(parts.databaseFile)}
[mcias]
server_url = ${JSON.stringify(identity.issuer)}
ca_cert = ${JSON.stringify(identity.caFile)}
token_path = ${JSON.stringify(parts.tokenFile)}
[metrics]
listen = "127.0.0.1:${parts.metricsPort}"
${configuration.includes("[dns]") ? "" : `[dns]\nlisten = ["127.0.0.1:${parts.dnsPort}"]`}
`;
}
