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
import { interleave, median } from "./measure.ts";
import { nginxBackend, nginxProxy, staticHaproxy, type TlsFiles } from "./peers/ingress.ts";
import { absoluteRow, comparedRow, type Row } from "./result.ts";

const rounds = 5;
const seconds = 3;
const manyConnections = 32;
/** A throughput of at least 0.97 of the peer's, as a ratio of times. */
const goal = 1 / 0.97;
const routeGoalMs = 50;
const routesAdded = 31;

/** What our way to configure HAProxy costs, against the same HAProxy with a fixed configuration, and nginx. */
export const proxy: Benchmark = {
  name: "proxy",
  summary: "MC-Proxy's data plane against bare HAProxy and nginx; a new route until it is served",
  async run(say) {
    await using site = await createSite();
    const rows: Row[] = [];
    for (const connections of [manyConnections, 1]) {
      say(`terminated, ${connections} connections`);
      const l7 = await interleave(sides(site.l7, connections), { rounds });
      const name = `L7, ${connections === 1 ? "1 connection" : `${connections} connections`}, 1,000 requests`;
      rows.push(
        comparedRow(
          `${name}: ours / HAProxy, fixed, passing through too`,
          { ours: l7.ours, peer: l7.shared },
          goal,
        ),
        comparedRow(
          `${name}: ours / HAProxy, fixed, terminating only`,
          { ours: l7.ours, peer: l7.bare },
          goal,
        ),
        comparedRow(`${name}: ours / nginx`, { ours: l7.ours, peer: l7.nginx }, goal),
      );
      say(`passed through, ${connections} connections`);
      const l4 = await interleave(sides(site.l4, connections), { rounds });
      rows.push(
        comparedRow(
          `${name.replace("L7", "L4")}: ours / HAProxy, fixed`,
          { ours: l4.ours, peer: l4.bare },
          goal,
        ),
      );
    }
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

interface Site extends AsyncDisposable {
  readonly engine: Engine;
  readonly certificate: SelfSigned;
  readonly l7: { ours: number; shared: number; bare: number; nginx: number };
  readonly l4: { ours: number; bare: number };
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
  const [l7Port, l4Port] = [await freePort(), await freePort()];
  const state = (routes: readonly EngineRoute[]): DesiredState => ({
    listeners: [l7Port, l4Port].map((port) => ({ port, address: "127.0.0.1" })),
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
  const passed = route("localhost", {
    port: l4Port,
    mode: "l4",
    backend: { host: "127.0.0.1", port: https },
  });
  await engine.apply(state([route("localhost"), passed]));
  const shared = stack.use(await staticHaproxy(path, await freePort(), http, tls, "shared"));
  const bare = stack.use(await staticHaproxy(path, await freePort(), http, tls, "l7"));
  const bareL4 = stack.use(await staticHaproxy(path, await freePort(), https, tls, "l4"));
  const nginx = stack.use(await nginxProxy(path, await freePort(), http, tls));
  const whole = stack.move();
  return {
    ...{ engine, certificate, state, route },
    l7: { ours: l7Port, shared: shared.port, bare: bare.port, nginx: nginx.port },
    l4: { ours: l4Port, bare: bareL4.port },
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

function sides<Name extends string>(
  ports: Readonly<Record<Name, number>>,
  connections: number,
): Record<Name, () => Promise<number>> {
  const entries = Object.entries<number>(ports).map(([name, port]) => [
    name,
    () => timePer1000(port, connections),
  ]);
  return Object.fromEntries(entries) as Record<Name, () => Promise<number>>;
}

/** Milliseconds for 1,000 requests over kept connections that never rest. */
async function timePer1000(port: number, connections: number): Promise<number> {
  const threads = Math.min(2, connections);
  const output = await outputOf(
    ["wrk", `-t${threads}`, `-c${connections}`, `-d${seconds}s`, `https://localhost:${port}/`],
    { PATH: process.env["PATH"] ?? "" },
  );
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  if (!(rate > 0) || /Non-2xx|Socket errors/.test(output)) throw new Error(`wrk at ${port}: ${output}`);
  return 1_000_000 / rate;
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
