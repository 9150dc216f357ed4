import { mkdir } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { dirname } from "node:path";
import { canonicalAddress } from "@metacircular/mcdsl/address/canonical.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { startLocalGrpcServer } from "@metacircular/mcdsl/grpc/local-server.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { CertificateKeeper } from "./certificates/keeper.ts";
import { watchDirectory } from "./certificates/watch.ts";
import { type Config, engineDirectory, keptCertificatesDirectory } from "./config.ts";
import { Applying } from "./control/applying.ts";
import { Changes } from "./control/change.ts";
import { Control } from "./control/control.ts";
import { FirewallControl } from "./control/firewall-control.ts";
import { Holdings } from "./control/holdings.ts";
import { RoutesControl } from "./control/routes-control.ts";
import type { Engine } from "./engine/engine.ts";
import { createProxyMetrics } from "./metrics/proxy-metrics.ts";
import { serveMetrics } from "./metrics/serve.ts";
import { startReconciliation } from "./reconcile/loop.ts";
import type { OwnListeners } from "./routes/backend.ts";
import { adminRoutes } from "./rpc/admin.ts";
import { claim } from "./store/claim.ts";
import { openStore } from "./store/store.ts";

export interface ProxyOptions {
  readonly config: Config;
  /** Opens the data plane, taking over one that runs already. */
  readonly openEngine: () => Promise<Engine>;
  readonly newId: () => string;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Builds the control plane from its parts and starts it. It starts also where the data plane does not take what is
 * stored, as when a port is taken: its status says so, and it goes on trying. Disposing it stops the data plane, unless
 * the configuration lets it run on.
 * @throws DetailedError PROXY_ALREADY_RUNS, LISTEN_FAILED, those of the database and of `openEngine`; a data plane that
 * runs goes on then */
export async function startProxy(options: ProxyOptions): Promise<AsyncDisposable> {
  const { config, clock, logger, version } = options;
  await using stack = new AsyncDisposableStack();
  await mkdir(dirname(config.admin.socket), { recursive: true, mode: 0o750 });
  stack.use(claim(config.database.path, "database"));
  stack.use(claim(config.admin.socket, "admin socket"));
  await mkdir(dirname(engineDirectory(config)), { recursive: true, mode: 0o750 });
  stack.use(claim(engineDirectory(config), "directory of HAProxy"));
  const store = stack.use(openStore(config.database.path));
  const { directory } = config.certificates;
  const keptDirectory = keptCertificatesDirectory(config);
  const keeper = new CertificateKeeper({ directory, keptDirectory, clock, logger });
  const holdings = new Holdings({ config, store, keeper, clock });
  const engine = await options.openEngine();
  let keepRunning = true;
  stack.defer(() => (keepRunning ? engine.release() : engine[Symbol.asyncDispose]()));
  const applying = new Applying({ holdings, engine, clock, logger });
  const control = new Control({ holdings, applying, engine, clock, logger, version });
  const changes = new Changes(applying, logger);
  await control.refresh().catch((error: unknown) => {
    logger.error({ error }, "the data plane does not take what is stored; trying again");
  });
  const metrics = createProxyMetrics({ version, clock });
  let stats = await engine.stats();
  // The watch needs the reconciliation and the other way round; changes before both are there are seen at the first look.
  const changed = new EventTarget();
  const watch = stack.use(watchDirectory(directory, () => changed.dispatchEvent(new Event("change"))));
  const reconciliation = stack.use(
    startReconciliation({
      refresh: async () => {
        watch.rearm();
        await control.refresh();
      },
      check: async (signal) => {
        await applying.check(signal);
        stats = await engine.stats();
      },
      intervalMs: config.reconcile.interval,
      clock,
      logger,
    }),
  );
  changed.addEventListener("change", () => reconciliation.nudge());
  const shared = { config, holdings, applying, changes, clock };
  stack.use(
    await startLocalGrpcServer({
      path: config.admin.socket,
      mode: config.admin.socket_mode,
      routes: adminRoutes({
        control,
        routes: new RoutesControl({ ...shared, ownListeners: () => ownListeners(config, holdings) }),
        firewall: new FirewallControl({ ...shared, newId: options.newId }),
      }),
      onCallEnd: (ended) => metrics.callEnded(ended),
      logger,
      clock,
    }),
  );
  const render = (): string => metrics.render(control.numbers(stats), stats);
  stack.use(await serveMetrics({ address: config.metrics.listen, render, clock, logger }));
  logger.info(
    { version, socket: config.admin.socket, ports: holdings.ports(), routes: holdings.routeCount },
    "mc-proxy is ready",
  );
  keepRunning = config.haproxy.keep_running;
  const owned = stack.move();
  return { [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Where a backend would be the proxy itself. */
function ownListeners({ listen, http, metrics }: Config, holdings: Holdings): OwnListeners {
  const ports = new Set([...listen.ports, ...holdings.ports()]);
  const others = [http.listen_addr, metrics.listen, metrics.haproxy_listen];
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return {
    sockets: [
      ...[...ports].flatMap((port) => listen.addresses.map((host): HostAndPort => ({ host, port }))),
      ...others.filter((each) => each !== undefined),
    ],
    addresses: addresses
      .map(({ address }) => address)
      .filter((address) => !address.includes("%"))
      .map(canonicalAddress),
  };
}
