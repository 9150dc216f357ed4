import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createIdentityClient } from "@metacircular/mcias/client.ts";
import { RouteMode } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { createProxyClient, type ProxyClient } from "@metacircular/mc-proxy/client.ts";
import { freePort } from "./free-port.ts";
import { createTestNameServer, type TestNameServer } from "./name-server.ts";
import { createTestNode, type TestNode, type TestSurroundings } from "./node.ts";
import { createTestPebble, type TestPebble } from "./pebble.ts";
import { type Program, startProgram } from "./program.ts";

/** A node whose agent works with a real proxy, a real name server and a real certificate authority. */
export interface EdgeNode extends TestNode {
  readonly proxy: TestProxy;
  readonly names: TestNameServer;
  readonly authority: TestPebble;
  readonly certificateDirectory: string;
  /** What there is at the edge: `route host:port → backend` and `name → address`, sorted. */
  shown(): Promise<string[]>;
}

export interface TestProxy extends AsyncDisposable {
  /** Public TLS port at 127.0.0.1. */
  readonly port: number;
  readonly client: ProxyClient;
  readonly program: Program;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export const edgeZone = "svc.example.test";
export const edgeAddress = "127.0.0.1";

export async function createEdgeNode(
  options: Parameters<typeof createTestNode>[0] & { readonly drainTimeout?: string } = {},
): Promise<EdgeNode> {
  await using stack = new AsyncDisposableStack();
  let edge: Omit<EdgeNode, keyof TestNode> | undefined;
  const node = stack.use(
    await createTestNode({
      monitor: 'interval = "1s"',
      ...options,
      async beside(parts) {
        const made = await createEdge(parts, options.drainTimeout ?? "200ms", stack);
        edge = made.edge;
        return made.configuration;
      },
    }),
  );
  if (edge === undefined) throw new Error("the edge was not made");
  const owned = stack.move();
  return {
    ...node,
    ...edge,
    get agent() {
      return node.agent;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function createEdge(parts: TestSurroundings, drainTimeout: string, stack: AsyncDisposableStack) {
  const { directory, certificates, identity } = parts;
  const certificateDirectory = join(directory, "proxy", "certs");
  await mkdir(certificateDirectory, { recursive: true });
  const proxy = stack.use(await createProxy(join(directory, "proxy"), certificateDirectory));
  const names = stack.use(
    await createTestNameServer(join(directory, "mcns"), {
      certificates,
      identity,
      ownToken: await identity.systemToken("mcns"),
    }),
  );
  const admin = await administratorToken(identity);
  const client = stack.use(names.client(admin));
  await client.zones.createZone({ zone: { name: edgeZone, primary: `ns1.${edgeZone}` } });
  const authority = stack.use(
    await createTestPebble(join(directory, "pebble"), { certificates, dnsPort: names.dnsPort }),
  );
  const text = JSON.stringify;
  const configuration = `
[mcproxy]
socket = ${text(join(directory, "proxy", "admin.sock"))}
cert_dir = ${text(certificateDirectory)}
drain_timeout = ${text(drainTimeout)}
[acme]
directory_url = ${text(authority.directoryUrl)}
ca_cert = ${text(certificates.caFile)}
[mcns]
address = ${text(names.grpcAddress)}
ca_cert = ${text(names.caFile)}
zone = ${text(edgeZone)}
node_address = ${text(edgeAddress)}
`;
  async function shown(): Promise<string[]> {
    const routes = await proxy.client.listRoutes();
    const { records } = await client.records.listRecords({ zone: edgeZone });
    return [
      ...routes.map(({ route }) => {
        const mode = route?.mode === RouteMode.L4 ? "l4" : "l7";
        return `${mode} ${route?.hostname}:${route?.port} → ${route?.backend}`;
      }),
      ...records
        .filter(({ type }) => type === "A" || type === "TXT")
        .map(({ name, type, data }) => `${name} ${type} ${data}`),
    ].toSorted();
  }
  return { configuration, edge: { proxy, names, authority, certificateDirectory, shown } };
}

async function administratorToken(identity: TestSurroundings["identity"]): Promise<string> {
  const { issuer, caFile } = identity;
  const [username, password] = ["edge-administrator", "correct horse battery staple"];
  await identity.admin(["account", "add", username, "--password-stdin", "--role", "admin"], `${password}\n`);
  using client = createIdentityClient({ issuer, caFile });
  const { accessToken } = await client.login({ username, password, serviceName: "mcns" });
  return accessToken;
}

async function createProxy(directory: string, certificateDirectory: string): Promise<TestProxy> {
  const port = await freePort();
  const socket = join(directory, "admin.sock");
  const config = join(directory, "mc-proxy.toml");
  await writeFile(
    config,
    `[admin]
socket = "${socket}"
[database]
path = "${join(directory, "mc-proxy.db")}"
[certificates]
directory = "${certificateDirectory}"
[listen]
addresses = ["127.0.0.1"]
ports = [${port}]
any_port = true
[limits]
stop_timeout = "100ms"
connections_per_address = 100000
connections_per_address_per_10s = 1000000
[reconcile]
interval = "500ms"
`,
  );
  const launch = async (): Promise<Program> => {
    const program = startProgram("mc-proxy/main.ts", ["server", "--config", config], {
      PATH: process.env["PATH"],
    });
    await program.line((line) => line.includes("mc-proxy is ready"));
    return program;
  };
  let program = await launch();
  const client = createProxyClient({ socket, timeoutMs: 60_000 });
  return {
    port,
    client,
    get program() {
      return program;
    },
    kill: () => program.kill(),
    async start() {
      program = await launch();
    },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      // One that is started takes the data plane with it, also one that was left behind.
      if (program.child.exitCode !== null || program.child.signalCode !== null) program = await launch();
      await program[Symbol.asyncDispose]();
    },
  };
}
