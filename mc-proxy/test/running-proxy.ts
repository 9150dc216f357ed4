import { mkdir, readdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { RouteMode } from "@metacircular/proto/gen/mcproxy/v1/admin_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { type Program, startProgram } from "@metacircular/testkit/program.ts";
import { type SelfSigned, selfSigned } from "@metacircular/testkit/self-signed.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createProxyClient, type ProxyClient } from "../client.ts";

/** mc-proxy as a process of its own, with a real HAProxy, in a directory of its own. */
export interface RunningProxy extends AsyncDisposable {
  readonly root: string;
  readonly configFile: string;
  readonly socket: string;
  /** Public TLS port at 127.0.0.1. */
  readonly port: number;
  readonly client: ProxyClient;
  /** For `one.test`, `two.test`, and all below `test.example`. */
  readonly certificate: SelfSigned;
  readonly program: Program;
  /** Ends mc-proxy as a crash would; HAProxy goes on. */
  kill(): Promise<void>;
  /** Starts mc-proxy again, where it does not run. */
  start(): Promise<void>;
  /** Sends a line to HAProxy's own admin socket, as an operator might. */
  tellHaproxy(command: string): Promise<string>;
  haproxyPid(): Promise<number>;
  killHaproxy(): Promise<void>;
}

export interface RunningProxyOptions {
  /** Default: a new directory, removed at the end. */
  readonly root?: string;
  /** Further lines of the configuration, by section. */
  readonly config?: Readonly<Record<string, string>>;
  readonly address?: string;
}

/** Starts it with the certificate in place, and waits until it is ready. */
export async function startRunningProxy(options: RunningProxyOptions = {}): Promise<RunningProxy> {
  await using stack = new AsyncDisposableStack();
  const root = options.root ?? stack.use(await createTemporaryDirectory()).path;
  const port = await freePort();
  const certificate = await selfSigned("one.test", "two.test", "*.test.example");
  const [configFile, socket] = [join(root, "mc-proxy.toml"), join(root, "run", "admin.sock")];
  await mkdir(join(root, "certs"), { recursive: true });
  await writeFile(join(root, "certs", "test.pem"), certificate.pem, { mode: 0o600 });
  await writeFile(configFile, configText(root, port, options));
  let program = await launch(configFile);
  stack.defer(async () => {
    const left = program.child.exitCode !== null || program.child.signalCode !== null;
    await program[Symbol.asyncDispose]();
    if (!left && !(options.config?.["haproxy"] ?? "").includes("keep_running")) return;
    // Takes the HAProxy with it that was left behind.
    const last = await launch(configFile, { MC_PROXY_HAPROXY_KEEP_RUNNING: "false" });
    await last[Symbol.asyncDispose]();
  });
  const client = stack.use(createProxyClient({ socket, timeoutMs: 60_000 }));
  const owned = stack.move();
  const haproxyPid = async (): Promise<number> => (await client.status()).dataPlane?.pid ?? 0;
  return {
    root,
    configFile,
    socket,
    port,
    client,
    certificate,
    get program() {
      return program;
    },
    kill: () => program.kill(),
    async start() {
      program = await launch(configFile);
    },
    tellHaproxy: (command) => tellHaproxy(root, command),
    haproxyPid,
    async killHaproxy() {
      process.kill(await haproxyPid(), "SIGKILL");
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function launch(configFile: string, environment: NodeJS.ProcessEnv = {}): Promise<Program> {
  const program = startProgram("mc-proxy/main.ts", ["server", "--config", configFile], {
    PATH: process.env["PATH"],
    ...environment,
  });
  try {
    await program.line((line) => line.includes("mc-proxy is ready"));
    return program;
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

function configText(root: string, port: number, { address = "127.0.0.1", config = {} }: RunningProxyOptions) {
  const sections: Record<string, string> = {
    admin: `socket = "${join(root, "run", "admin.sock")}"`,
    database: `path = "${join(root, "mc-proxy.db")}"`,
    certificates: `directory = "${join(root, "certs")}"`,
    listen: `addresses = ["${address}"]\nports = [${port}]`,
    limits: 'stop_timeout = "100ms"\nconnect_retries = 0',
    reconcile: 'interval = "500ms"',
  };
  for (const [name, lines] of Object.entries(config)) sections[name] = `${sections[name] ?? ""}\n${lines}`;
  return Object.entries(sections)
    .map(([name, lines]) => `[${name}]\n${lines}\n`)
    .join("\n");
}

async function tellHaproxy(root: string, command: string): Promise<string> {
  const directory = join(root, "run", "haproxy");
  const sockets = (await readdir(directory)).filter((name) => /^admin-\d+\.sock$/u.test(name));
  const [newest = ""] = sockets.toSorted((a, b) => generationOf(b) - generationOf(a));
  const socket = connect(join(directory, newest));
  socket.end(`${command}\n`);
  let text = "";
  for await (const chunk of socket.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
  return text;
}

function generationOf(socket: string): number {
  return Number(/\d+/u.exec(socket)?.[0]);
}

/** An L7 route of this proxy to a port of the loopback, as the admin API takes it. */
export function aRouteOf({ port }: Pick<RunningProxy, "port">, hostname: string, backendPort: number) {
  return { port, hostname, mode: RouteMode.L7, backend: `127.0.0.1:${backendPort}` };
}

/** Waits until a status has what is expected. */
export async function statusWhere(
  { client }: Pick<RunningProxy, "client">,
  expected: (status: Awaited<ReturnType<ProxyClient["status"]>>) => void,
): Promise<void> {
  await eventually(async () => expected(await client.status()));
}
