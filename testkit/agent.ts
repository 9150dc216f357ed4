import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { TestCertificates } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import type { TestIdentity } from "./identity.ts";
import { type Program, startProgram } from "./program.ts";

export interface TestAgentOptions {
  readonly directory: string;
  readonly certificates: TestCertificates;
  readonly identity: TestIdentity;
  /** Of the containers' universe. */
  readonly environment: NodeJS.ProcessEnv;
  /** Lines of `[monitor]`; default: the interval is an hour, so that only watches find things. */
  readonly monitor?: string;
  /** Lines of `[reconcile]`; default: the agent's own. */
  readonly reconcile?: string;
  /** Further lines of the configuration, with their sections. */
  readonly configuration?: string;
  /** What runs instead of the agent's own entry, with the configuration file as its first argument. */
  readonly entry?: { readonly file: string; readonly args: readonly string[] };
}

/** A real agent in a process of its own. */
export interface TestAgent extends AsyncDisposable {
  readonly node: string;
  readonly address: string;
  readonly metricsUrl: string;
  readonly servicesDir: string;
  readonly configFile: string;
  /** What tells one boot of its machine from another: to be replaced for a reboot. */
  readonly bootIdFile: string;
  readonly client: Client<typeof McpAgent>;
  /** A client with another token, or none. */
  clientWith(token: string | undefined): Client<typeof McpAgent>;
  readonly program: Program;
  /** Waits until it is gone, however that comes. */
  ended(): Promise<void>;
  /** Starts it again after it ended. */
  start(): Promise<void>;
}

const node = "testnode";
const callTimeoutMs = 120_000;

export async function createTestAgent(options: TestAgentOptions): Promise<TestAgent> {
  const { directory, identity } = options;
  const servicesDir = join(directory, "srv");
  const address = `127.0.0.1:${await freePort()}`;
  const metricsAddress = `127.0.0.1:${await freePort()}`;
  await mkdir(servicesDir, { recursive: true });
  const tokenFile = join(directory, "mcias.token");
  await writeFile(tokenFile, await identity.systemToken("mcp-agent"), { mode: 0o600 });
  const operatorToken = await identity.systemToken("operator");
  const configFile = join(directory, "mcp-agent.toml");
  const bootIdFile = join(directory, "boot-id");
  await writeFile(bootIdFile, "the first boot\n");
  await writeFile(configFile, configText(options, { address, metricsAddress, servicesDir, tokenFile }));
  const { file, args } = options.entry ?? { file: "bin/mcp-agent", args: [] };
  const argv = options.entry === undefined ? ["server", "--config", configFile] : [configFile, ...args];
  const stack = new AsyncDisposableStack();
  let program: Program;
  async function start(): Promise<void> {
    program = startProgram(file, argv, { ...options.environment, PATH: process.env["PATH"] });
    await program.line((line) => line.includes('"agent is ready"'));
  }
  function clientWith(token: string | undefined): Client<typeof McpAgent> {
    const transport = createGrpcClientTransport({
      address,
      caFile: options.certificates.caFile,
      timeoutMs: callTimeoutMs,
      ...(token === undefined ? {} : { token: () => Promise.resolve(token) }),
    });
    stack.use(transport);
    return createClient(McpAgent, transport);
  }
  await start();
  return {
    node,
    address,
    metricsUrl: `http://${metricsAddress}/metrics`,
    servicesDir,
    configFile,
    bootIdFile,
    client: clientWith(operatorToken),
    clientWith,
    get program() {
      return program;
    },
    ended: () => program.ended,
    start,
    async [Symbol.asyncDispose]() {
      await stack.disposeAsync();
      await program[Symbol.asyncDispose]();
    },
  };
}

function configText(
  {
    directory,
    certificates,
    identity,
    monitor = 'interval = "1h"',
    reconcile = "",
    configuration = "",
  }: TestAgentOptions,
  {
    address,
    metricsAddress,
    servicesDir,
    tokenFile,
  }: Record<"address" | "metricsAddress" | "servicesDir" | "tokenFile", string>,
): string {
  const text = JSON.stringify;
  return `${configuration}
[server]
grpc_addr = ${text(address)}
tls_cert = ${text(certificates.certFile)}
tls_key = ${text(certificates.keyFile)}
[database]
path = ${text(join(directory, "mcp.db"))}
[mcias]
server_url = ${text(identity.issuer)}
ca_cert = ${text(identity.caFile)}
token_path = ${text(tokenFile)}
[agent]
node_name = ${text(node)}
services_dir = ${text(servicesDir)}
boot_id_path = ${text(join(directory, "boot-id"))}
[monitor]
${monitor}
[reconcile]
${reconcile}
[metrics]
listen = ${text(metricsAddress)}
[log]
level = "debug"
`;
}
