import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tokenAdmission } from "@metacircular/mcdsl/auth/admission.ts";
import { rejectGuests } from "@metacircular/mcdsl/auth/authorize.ts";
import { createTokenVerifier } from "@metacircular/mcdsl/auth/verifier.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { startGrpcServer } from "@metacircular/mcdsl/grpc/server.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { registrySnapshots } from "./commands/snapshot-directory.ts";
import type { AgentConfig } from "./config.ts";
import { adoptingRuntime } from "./adopt/adopting-runtime.ts";
import { createDeployer, type Deployer } from "./deploy/deploy.ts";
import type { Executors } from "./deploy/executors.ts";
import { createServiceLocks, type ServiceLocks } from "./deploy/locks.ts";
import { createDiagnosis } from "./doctor/diagnosis.ts";
import type { Edge } from "./edge/edge.ts";
import { createEdgeKeeper, type EdgeKeeper } from "./edge/keeper.ts";
import { openEdge } from "./edge/open-edge.ts";
import { createEventBus, type EventBus } from "./events/event-bus.ts";
import { createFiles } from "./files/files.ts";
import { createAgentMetrics } from "./metrics/agent-metrics.ts";
import { serveMetrics } from "./metrics/serve.ts";
import { createAlertCommand } from "./monitor/alert.ts";
import { type AlertDesk, createAlertDesk } from "./monitor/alert-desk.ts";
import { createMonitor } from "./monitor/monitor.ts";
import { createObserver, type Observer } from "./monitor/observe.ts";
import { type ImageRegistry, openImageRegistry } from "./images/image-registry.ts";
import { openImagePushes, openLogin } from "./images/open-images.ts";
import { createTagWatch, type TagWatch } from "./images/tag-watch.ts";
import { type RegistryLogin, trusting } from "./images/registry-login.ts";
import { createPortAllocator } from "./ports/allocate.ts";
import { readBootId } from "./reconcile/boot-id.ts";
import { createReconciler } from "./reconcile/reconciler.ts";
import { claimRegistry } from "./registry/claim.ts";
import { openRegistry, type Registry } from "./registry/registry.ts";
import { agentRoutes } from "./rpc/service.ts";
import { openPodman } from "./runtime/podman.ts";
import type { Runtime } from "./runtime/runtime.ts";

export interface AgentOptions {
  readonly config: AgentConfig;
  /** That the configuration was read from; empty: not known. */
  readonly configFile: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly executors: Executors;
}

/** An agent that serves. Disposing it lets the step at hand end; what is unfinished is taken up by the next. */
export interface Agent extends AsyncDisposable {
  readonly address: HostAndPort;
}

/** Builds the agent from its parts and starts it. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { config, clock, logger, version } = options;
  const node = config.agent.node_name;
  const servicesDir = config.agent.services_dir;
  await using stack = new AsyncDisposableStack();
  stack.use(claimRegistry(config.database.path));
  const registry = stack.use(openRegistry(config.database.path, clock));
  const registryLogin = await openLogin(config, stateDirectory(config));
  const runtime = adoptingRuntime(stack.use(await openRuntime(options, registryLogin)), () =>
    registry.components.adoptions(),
  );
  const imageRegistry = registryLogin && stack.use(openImageRegistry(registryLogin, clock));
  const bus = createEventBus();
  const locks = createServiceLocks();
  const watching = watchContainers(options, { registry, runtime, locks, bus }, stack);
  const { metrics, observer, alertCommand, alerts, monitor } = watching;
  const edge = await openEdge(options, stack);
  const deployer = stack.use(
    openDeployer(options, { registry, runtime, locks, bus, edge, observer, imageRegistry }),
  );
  const reconciler = stack.use(
    createReconciler({
      registry,
      observer,
      deployer,
      runtime,
      locks,
      alerts,
      clock,
      logger,
      random: Math.random,
      newId: randomUUID,
      bootId: await readBootId(config.agent.boot_id_path, logger),
      config: reconcileConfig(config),
    }),
  );
  const keeper =
    edge && stack.use(openKeeper(options, { edge, registry, runtime, locks, bus, deployer, alerts }));
  const tagWatch = stack.use(openTagWatch(options, { registry, runtime, imageRegistry, bus, locks }));
  const files = stack.use(
    createFiles({ servicesDir, ownFiles: ownFiles(options), uploads: registry.uploads, clock, logger }),
  );
  const imagePushes = stack.use(
    await openImagePushes({ ...options, runtime, stateDirectory: stateDirectory(config) }),
  );
  const verifier = stack.use(openVerifier(options));
  const diagnose = createDiagnosis({
    ...options,
    stateDirectory: stateDirectory(config),
    registry,
    runtime,
    verifier,
    locks,
    edge,
    imageRegistry,
  });
  // Takes the locks of interrupted operations before anybody can ask for new ones.
  deployer.recover().catch((error: unknown) => {
    logger.error({ error }, "some interrupted operations were not taken up");
  });
  const server = stack.use(
    await startGrpcServer({
      address: config.server.grpc_addr,
      tls: { certFile: config.server.tls_cert, keyFile: config.server.tls_key },
      routes: agentRoutes({
        node,
        version,
        servicesDir,
        startedAtMs: clock.now(),
        deployer,
        registry,
        runtime,
        observer,
        reconciler,
        files,
        imagePushes,
        alertCommand,
        diagnose,
        bus,
        clock,
        newId: randomUUID,
      }),
      admit: tokenAdmission(verifier, rejectGuests),
      proxyProtocolFrom: config.server.proxy_protocol_from,
      onCallEnd: (ended) => metrics.callEnded(ended),
      logger,
      clock,
    }),
  );
  const { listen } = config.metrics;
  stack.use(await serveMetrics({ metrics, observer, bus, address: listen, clock, logger }));
  // First of all: callers are told at once that their operations go on later, and the server need not wait.
  stack.defer(() => deployer[Symbol.asyncDispose]());
  reconciler.start();
  monitor.start();
  keeper?.start();
  tagWatch.start();
  logger.info({ node, address: server.address, version }, "agent is ready");
  const owned = stack.move();
  return { address: server.address, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface DeployerParts {
  readonly registry: Registry;
  readonly runtime: Runtime;
  readonly locks: ServiceLocks;
  readonly bus: EventBus;
  readonly edge: Edge | undefined;
  readonly imageRegistry: ImageRegistry | undefined;
  readonly observer: Observer;
}

function openDeployer(
  { config, clock, logger, executors }: AgentOptions,
  { observer, ...parts }: DeployerParts,
): Deployer {
  return createDeployer({
    ...parts,
    node: config.agent.node_name,
    servicesDir: config.agent.services_dir,
    ports: createPortAllocator(Math.random),
    executors,
    clock,
    logger,
    observe: async (service) => {
      await observer.observe({ from: "runtime", service });
    },
  });
}

function openKeeper(
  { config, clock, logger }: AgentOptions,
  parts: Omit<DeployerParts, "observer" | "edge" | "imageRegistry"> & {
    readonly edge: Edge;
    readonly deployer: Deployer;
    readonly alerts: AlertDesk;
  },
): EdgeKeeper {
  return createEdgeKeeper({
    ...parts,
    clock,
    logger,
    newId: randomUUID,
    intervalMs: config.monitor.interval,
  });
}

function openTagWatch(
  { config, clock, logger }: AgentOptions,
  parts: Pick<DeployerParts, "registry" | "runtime" | "imageRegistry" | "bus" | "locks">,
): TagWatch {
  const { check_interval: intervalMs } = config.registry;
  return createTagWatch({ ...parts, clock, logger, intervalMs, random: Math.random });
}

/** What looks at the containers, and what it tells. The stack gets what has to be disposed. */
function watchContainers(
  { config, clock, logger, version }: AgentOptions,
  parts: { registry: Registry; runtime: Runtime; locks: ServiceLocks; bus: EventBus },
  stack: AsyncDisposableStack,
) {
  const node = config.agent.node_name;
  const shared = { ...parts, clock, logger, node };
  const metrics = createAgentMetrics({ ...shared, version });
  const observer = createObserver({ ...shared, runtime: metrics.timed(parts.runtime) });
  const alertCommand = stack.use(createAlertCommand({ ...shared, argv: config.monitor.alert_command }));
  const alerts = createAlertDesk({
    ...shared,
    command: alertCommand,
    cooldownMs: config.monitor.cooldown,
    nowMs: clock.now(),
  });
  const monitor = stack.use(createMonitor({ ...shared, observer, alerts, config: monitorConfig(config) }));
  return { metrics, observer, alertCommand, alerts, monitor };
}

function openVerifier({ config, clock }: AgentOptions): ReturnType<typeof createTokenVerifier> {
  return createTokenVerifier({
    issuer: config.mcias.server_url,
    ...(config.mcias.ca_cert === "" ? {} : { caFile: config.mcias.ca_cert }),
    introspectionToken: async () => (await readFile(config.mcias.token_path, "utf8")).trim(),
    clock,
  });
}

/** After a start of the machine podman's socket may come after the agent. */
const socketPatienceMs = 60_000;

function openRuntime(
  { config, environment, logger, clock }: AgentOptions,
  registryLogin: RegistryLogin | undefined,
): Promise<Runtime> {
  const { socket, containers_conf, storage_conf } = config.podman;
  return openPodman({
    socket,
    patienceMs: socketPatienceMs,
    stateDirectory: stateDirectory(config),
    environment: {
      ...environment,
      ...(containers_conf === "" ? {} : { CONTAINERS_CONF: containers_conf }),
      ...(storage_conf === "" ? {} : { CONTAINERS_STORAGE_CONF: storage_conf }),
      ...trusting(registryLogin, environment),
    },
    registryLogin,
    logger,
    clock,
  });
}

function ownFiles({ config, configFile }: Pick<AgentOptions, "config" | "configFile">): string[] {
  const { server, database, mcias } = config;
  const files = [server.tls_cert, server.tls_key, database.path, mcias.token_path];
  const directories = [registrySnapshots(config).directory, stateDirectory(config)];
  return [...files, ...directories, ...(configFile === "" ? [] : [configFile])];
}

function stateDirectory({ agent, database }: AgentConfig): string {
  return agent.state_dir === "" ? join(dirname(database.path), "run") : agent.state_dir;
}

function reconcileConfig({ reconcile }: AgentConfig) {
  return {
    enabled: reconcile.enabled,
    brake: reconcile.brake,
    firstDelayMs: reconcile.first_delay,
    maxDelayMs: reconcile.max_delay,
    jitter: reconcile.jitter,
    giveUpAfter: reconcile.give_up_after,
    wellAfterMs: reconcile.well_after,
  };
}

function monitorConfig({ monitor }: AgentConfig) {
  return {
    intervalMs: monitor.interval,
    flapThreshold: monitor.flap_threshold,
    flapWindowMs: monitor.flap_window,
    retentionMs: monitor.retention,
    maxEvents: monitor.max_events,
  };
}
