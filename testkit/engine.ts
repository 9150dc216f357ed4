import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { adoptingRuntime } from "@metacircular/mcp-agent/adopt/adopting-runtime.ts";
import { createDeployer, type Deployer } from "@metacircular/mcp-agent/deploy/deploy.ts";
import { executors, type Executors } from "@metacircular/mcp-agent/deploy/executors.ts";
import { createServiceLocks } from "@metacircular/mcp-agent/deploy/locks.ts";
import type { Executor } from "@metacircular/mcp-agent/deploy/step-context.ts";
import type { Edge } from "@metacircular/mcp-agent/edge/edge.ts";
import { createEventBus, type EventBus } from "@metacircular/mcp-agent/events/event-bus.ts";
import { createPortAllocator } from "@metacircular/mcp-agent/ports/allocate.ts";
import type { ImageRegistry } from "@metacircular/mcp-agent/images/image-registry.ts";
import type { OperationRecord } from "@metacircular/mcp-agent/registry/operations.ts";
import { openRegistry, type Registry } from "@metacircular/mcp-agent/registry/registry.ts";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import { type ComponentSpec, defaultHealth } from "@metacircular/mcp-core/spec.ts";
import type { Step, StepKind } from "@metacircular/mcp-core/step.ts";
import { createMemoryRuntime, type MemoryRuntime } from "./memory-runtime.ts";
import { aComponent, aRoute } from "./specs.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

/** The deploy engine with its planner, journal and registry, over containers in memory and a clock on which no
 * sleep takes any time. Operations are of the service `hello`. */
export interface Engine extends AsyncDisposable {
  readonly registry: Registry;
  readonly runtime: MemoryRuntime;
  readonly bus: EventBus;
  readonly clock: Clock;
  /** The deployer of the agent that lives now. */
  deployer(): Deployer;
  run(intent: Intent, operationId?: string): Promise<OperationRecord>;
  /** Begins the operation and lets the agent die around a step of that kind. What was under way never goes on. */
  crash(intent: Intent, at: Site, operationId?: string): Promise<string>;
  /** Acts once, at the next such step: throwing fails it. */
  atStep(site: Site, act: () => void | Promise<void>): void;
  /** A new agent on what the last one left, without taking up anything. */
  startAgent(): void;
  /** A new agent, which has taken up all that was left unfinished. */
  restart(): Promise<void>;
}

/** Just before or just after a step does its work. */
export interface Site {
  readonly kind: StepKind;
  readonly moment: "before" | "after";
  /** Default: any. */
  readonly component?: string;
}

interface Hook {
  readonly site: Site;
  readonly act: () => void | Promise<void>;
}

type DeployIntent = Extract<Intent, { kind: "deploy" | "rollback" }>;

/** A component `web` with one route that is healthy as soon as it runs. */
export function aWeb(version: string, fields: Partial<ComponentSpec> = {}): ComponentSpec {
  return aComponent({
    name: "web",
    image: `localhost/web:${version}`,
    routes: [aRoute()],
    health: { ...defaultHealth, settleMs: 0 },
    ...fields,
  });
}

/** A deploy of service `hello` as it should become. */
export function aDeploy(
  components: readonly ComponentSpec[],
  { active = true, ...fields }: Partial<DeployIntent> & { active?: boolean } = {},
): DeployIntent {
  const spec = { name: "hello", node: "", active, components };
  return { kind: "deploy", spec, component: "", recreate: false, ...fields };
}

/** The service's operation of another kind. */
export function anOperation(
  kind: "start" | "stop" | "undeploy" | "restart" | "repair" | "brake" | "edge",
): Intent {
  if (kind === "start" || kind === "stop" || kind === "undeploy" || kind === "edge")
    return { kind, service: "hello" };
  return { kind, service: "hello", component: "" };
}

/** @param options.edge what the agent sets at the edge; default: nothing
 * @param options.imageRegistry what it asks for tags; default: nothing */
export async function createEngine(
  options: { readonly edge?: (now: () => number) => Edge; readonly imageRegistry?: ImageRegistry } = {},
): Promise<Engine> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await createTemporaryDirectory());
  const clock = instantClock();
  const registry = stack.use(openRegistry(join(path, "mcp.db"), clock));
  const runtime = createMemoryRuntime({ directory: path, now: () => clock.now() });
  const hooks = new Set<Hook>();
  const parts = {
    edge: options.edge?.(() => clock.now()),
    imageRegistry: options.imageRegistry,
    node: "rift",
    servicesDir: join(path, "srv"),
    registry,
    runtime: adoptingRuntime(runtime, () => registry.components.adoptions()),
    ports: createPortAllocator(Math.random),
    executors: hooked(executors, hooks),
    bus: createEventBus(),
    clock,
    logger: createLogger({ name: "engine", level: "error", destination: { write: () => undefined } }),
    observe: () => Promise.resolve(),
  };
  await mkdir(parts.servicesDir);
  const born = (): Deployer => createDeployer({ ...parts, locks: createServiceLocks() });
  let deployer = born();
  let count = 0;
  const nextId = (): string => `operation-${++count}`;
  const run = (intent: Intent, operationId = nextId()): Promise<OperationRecord> =>
    deployer.run({ operationId, caller: "alice", intent });
  const owned = stack.move();
  return {
    registry,
    runtime,
    bus: parts.bus,
    clock,
    deployer: () => deployer,
    run,
    async crash(intent, site, operationId = nextId()) {
      const { promise: dead, resolve: die } = Promise.withResolvers<void>();
      hooks.add({
        site,
        act: () => {
          die();
          return new Promise<never>(() => undefined);
        },
      });
      const ended = run(intent, operationId).then(({ outcome }) => {
        throw new Error(`the operation ended as ${outcome} without a step ${site.kind}`);
      });
      await Promise.race([dead, ended]);
      return operationId;
    },
    atStep: (site, act) => void hooks.add({ site, act }),
    startAgent() {
      deployer = born();
    },
    async restart() {
      deployer = born();
      await deployer.recover();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function hooked(inner: Executors, hooks: Set<Hook>): Executors {
  async function act(step: Step, moment: Site["moment"]): Promise<void> {
    for (const hook of hooks) {
      const { kind, component = step.component } = hook.site;
      if (kind !== step.kind || component !== step.component || hook.site.moment !== moment) continue;
      hooks.delete(hook);
      await hook.act();
    }
  }
  const wrapped = Object.entries(inner).map(([kind, execute]) => {
    const executor: Executor<Step> = async (step, context) => {
      await act(step, "before");
      await (execute as Executor<Step>)(step, context);
      await act(step, "after");
    };
    return [kind, executor];
  });
  return Object.fromEntries(wrapped) as Executors;
}

/** Sleeping moves the time on and takes none. */
function instantClock(): Clock {
  let nowMs = Date.now();
  return {
    now: () => nowMs,
    async sleep(durationMs, signal) {
      signal?.throwIfAborted();
      nowMs += durationMs;
      await setImmediate();
    },
  };
}
