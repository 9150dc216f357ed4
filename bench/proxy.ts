import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import type { DesiredState, EngineRoute } from "@metacircular/mc-proxy/engine/desired-state.ts";
import type { Engine } from "@metacircular/mc-proxy/engine/engine.ts";
import { defaultLimits } from "@metacircular/mc-proxy/engine/limits.ts";
import { openHaproxyEngine } from "@metacircular/mc-proxy/haproxy/haproxy-engine.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { type SelfSigned, selfSigned } from "@metacircular/testkit/self-signed.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { Benchmark } from "./benchmark.ts";
import { outputOf } from "./commands.ts";
import { interleave, median, type Samples } from "./measure.ts";
import { nginxBackend, nginxProxy, staticHaproxy, type TlsFiles } from "./peers/ingress.ts";
import { cpuTimeMs } from "./process-usage.ts";
import { absoluteRow, comparedRow, type Row } from "./result.ts";

const rounds = 7;
const warmUps = 1;
const seconds = 2;
const manyConnections = 32;
/** A throughput of at least 0.97 of the peer's, as a ratio of times. */
const goal = 1.031;
const routeGoalMs = 50;
const routesAdded = 31;

/** What our way to configure HAProxy costs, against the same HAProxy with a fixed configuration, and nginx. */
export const proxy: Benchmark = {
  name: "proxy",
  summary: "MC-Proxy's data plane against bare HAProxy and nginx; a new route until it is served",
  async run(say) {
    await using site = await createSite();
    const rows: Row[] = [];
    for (const connections of [manyConnections, 1]) rows.push(...(await throughput(site, connections, say)));
    say("new routes");
    rows.push(
      absoluteRow(
        "route added, until its first answer",
        { ours: await addedUntilServed(site), unit: "ms" },
        routeGoalMs,
      ),
    );
    return rows;
  },
};

/** Throughput with many connections, latency with one. */
async function throughput(site: Site, connections: number, say: (text: string) => void): Promise<Row[]> {
  const many = connections === 1 ? "1 connection" : `${connections} connections`;
  say(`terminated, ${many}`);
  const l7 = await measured(site.l7, connections);
  say(`terminated at a port that passes others through, ${many}`);
  const shared = await measured(site.shared, connections);
  say(`passed through, ${many}`);
  const l4 = await measured(site.l4, connections);
  const time = `${many}, 1,000 requests`;
  return [
    ...compared("L7", many, l7),
    comparedRow(`L7, ${time}: ours / nginx`, { ours: l7.ours.times, peer: l7.nginx.times }, goal),
    ...compared("L7 beside L4", many, shared),
    ...compared("L4", many, l4),
  ];
}

function compared(kind: string, many: string, { ours, fixed }: Record<"ours" | "fixed", Measured>): Row[] {
  const name = `${kind}, ${many}, 1,000 requests`;
  return [
    comparedRow(`${name}: ours / HAProxy, fixed`, { ours: ours.times, peer: fixed.times }, goal),
    comparedRow(
      `${name}, processor time: ours / HAProxy, fixed`,
      { ours: ours.processorTimes, peer: fixed.processorTimes },
      goal,
    ),
  ];
}

interface Target {
  readonly port: number;
  readonly pid: number;
}

interface Site extends AsyncDisposable {
  readonly engine: Engine;
  readonly certificate: SelfSigned;
  readonly l7: Record<"ours" | "fixed" | "nginx", Target>;
  readonly shared: Record<"ours" | "fixed", Target>;
  readonly l4: Record<"ours" | "fixed", Target>;
  readonly state: (routes: readonly EngineRoute[]) => DesiredState;
  readonly route: (hostname: string, parts?: Partial<EngineRoute>) => EngineRoute;
}

async function createSite(): Promise<Site> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await createTemporaryDirectory());
  const certificate = await selfSigned("localhost", "*.bench.test");
  const tls = await tlsFiles(path, certificate);
  const http = await freePort();
  const https = await freePort();
  stack.use(await nginxBackend(path, { http, https }, tls));
  const logger = createLogger({ name: "bench", level: "error" });
  const engine = stack.use(
    await openHaproxyEngine({ directory: join(path, "engine"), clock: systemClock, logger }),
  );
  const [l7Port, l4Port, sharedPort] = [await freePort(), await freePort(), await freePort()];
  const state = (routes: readonly EngineRoute[]): DesiredState => ({
    listeners: [l7Port, l4Port, sharedPort].map((port) => ({ port, address: "127.0.0.1" })),
    routes,
    certificates: [{ name: "bench", pem: certificate.pem, hostnames: certificate.hostnames }],
    firewall: { rules: [], countryNetworks: {} },
    limits: { ...defaultLimits, stopTimeoutMs: 0, connectionsPerAddressPer10s: 1_000_000 },
    trustedProxies: [],
  });
  const route = (hostname: string, parts: Partial<EngineRoute> = {}): EngineRoute => ({
    ...{
      port: l7Port,
      hostname,
      mode: "l7",
      backend: { host: "127.0.0.1", port: http },
      backendProtocol: "http1",
    },
    ...{ sendProxyProtocol: false, maintenance: false, maxBodyBytes: 0, rateLimit: 0 },
    ...parts,
  });
  const passed = { mode: "l4", backend: { host: "127.0.0.1", port: https } } as const;
  await engine.apply(
    state([
      route("localhost"),
      route("localhost", { port: l4Port, ...passed }),
      route("localhost", { port: sharedPort }),
      route("passed.bench.test", { port: sharedPort, ...passed }),
    ]),
  );
  const { pid } = await engine.stats();
  if (pid === undefined) throw new Error("the data plane does not run");
  const l7 = stack.use(await staticHaproxy(path, await freePort(), http, tls, "l7"));
  const shared = stack.use(await staticHaproxy(path, await freePort(), http, tls, "shared"));
  const l4 = stack.use(await staticHaproxy(path, await freePort(), https, tls, "l4"));
  const nginx = stack.use(await nginxProxy(path, await freePort(), http, tls));
  const whole = stack.move();
  return {
    ...{ engine, certificate, state, route },
    l7: { ours: { port: l7Port, pid }, fixed: l7, nginx },
    shared: { ours: { port: sharedPort, pid }, fixed: shared },
    l4: { ours: { port: l4Port, pid }, fixed: l4 },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

async function tlsFiles(directory: string, { key, certificate, pem }: SelfSigned): Promise<TlsFiles> {
  const [keyFile, certificateFile, pemFile] = ["key.pem", "certificate.pem", "both.pem"].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  await writeFile(keyFile, key, { mode: 0o600 });
  await writeFile(certificateFile, certificate);
  await writeFile(pemFile, pem, { mode: 0o600 });
  return { keyFile, certificateFile, pemFile };
}

/** Milliseconds for 1,000 requests. */
interface Measured {
  readonly times: Samples;
  /** Of the process alone, which what else runs on the machine hardly changes. */
  readonly processorTimes: Samples;
}

async function measured<Name extends string>(
  targets: Readonly<Record<Name, Target>>,
  connections: number,
): Promise<Record<Name, Measured>> {
  const entries = Object.entries<Target>(targets) as [Name, Target][];
  const processorTimes = Object.fromEntries(entries.map(([name]) => [name, []])) as unknown as Record<
    Name,
    number[]
  >;
  const sides = entries.map(([name, target]) => [
    name,
    async () => {
      const beganMs = await cpuTimeMs(target.pid);
      const { timeMs, requests } = await requestsWithoutRest(target.port, connections);
      processorTimes[name].push(((await cpuTimeMs(target.pid)) - beganMs) / (requests / 1_000));
      return timeMs;
    },
  ]);
  const times = await interleave(Object.fromEntries(sides) as Record<Name, () => Promise<number>>, {
    rounds,
    warmUps,
  });
  const results = entries.map(([name]) => [
    name,
    { times: times[name], processorTimes: processorTimes[name].slice(warmUps) },
  ]);
  return Object.fromEntries(results) as Record<Name, Measured>;
}

/** Over kept connections; the time is that of 1,000 requests. */
async function requestsWithoutRest(
  port: number,
  connections: number,
): Promise<{ timeMs: number; requests: number }> {
  const threads = Math.min(2, connections);
  const output = await outputOf(
    ["wrk", `-t${threads}`, `-c${connections}`, `-d${seconds}s`, `https://localhost:${port}/`],
    { PATH: process.env["PATH"] ?? "" },
  );
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  if (!(rate > 0 && requests > 0) || /Non-2xx|Socket errors/.test(output))
    throw new Error(`wrk at ${port}: ${output}`);
  return { timeMs: 1_000_000 / rate, requests };
}

/** From the call that adds it, over a connection of its own. */
async function addedUntilServed({ engine, state, route, certificate }: Site): Promise<number> {
  const samplesMs: number[] = [];
  const routes = Array.from({ length: 200 }, (_, index) => route(`r${index}.bench.test`));
  await engine.apply(state(routes));
  for (let index = 0; index < routesAdded; index += 1) {
    const added = route(`new${index}.bench.test`);
    routes.push(added);
    const beganAtMs = performance.now();
    await engine.apply(state(routes));
    await firstAnswer(added.port, added.hostname, certificate.certificate);
    samplesMs.push(performance.now() - beganAtMs);
  }
  return median(samplesMs);
}

async function firstAnswer(port: number, name: string, ca: string): Promise<void> {
  const socket = connectTls({ host: "127.0.0.1", port, servername: name, ca });
  socket.write(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
  const [data] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  if (!data.toString("latin1").startsWith("HTTP/1.1 200"))
    throw new Error(data.toString("latin1").slice(0, 100));
}
