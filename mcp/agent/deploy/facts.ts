import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { HostPorts } from "@metacircular/mcp-core/observed.ts";
import { containerName } from "@metacircular/mcp-core/names.ts";
import type { RegisteredService } from "@metacircular/mcp-core/registered.ts";
import { serviceOf, type Intent } from "@metacircular/mcp-core/intent.ts";
import type { PlanInput } from "@metacircular/mcp-core/plan.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import { collectEdge } from "../edge/collect.ts";
import { deployImages } from "./deploy-images.ts";
import { keptImages } from "./kept-images.ts";
import type { Edge } from "../edge/edge.ts";
import type { ImageRegistry } from "../images/image-registry.ts";
import type { PortAllocator } from "../ports/allocate.ts";
import { isRoutePortFree } from "../ports/port-problem.ts";
import { portMappings } from "../ports/port-mappings.ts";
import type { Registry } from "../registry/registry.ts";
import { labels, type Container, type Runtime } from "../runtime/runtime.ts";
import { knownRevisions } from "./deployed.ts";
import { listContainers } from "./list-containers.ts";
import { observedContainers } from "./observed-containers.ts";
import { restartingContainers } from "./restarting-containers.ts";

/** What a plan is made from. Disposing gives the promised ports back. */
export interface Facts extends Disposable {
  readonly input: PlanInput;
}

export interface FactSources {
  readonly runtime: Runtime;
  readonly registry: Registry;
  readonly edge?: Edge | undefined;
  readonly imageRegistry?: ImageRegistry | undefined;
  readonly ports: PortAllocator;
  readonly clock: Clock;
  readonly list: () => Promise<readonly Container[]>;
}

/** Looks at the runtime, the registry and the node's ports; changes nothing. */
export async function collectFacts(
  operation: Pick<PlanInput, "intent" | "operationId" | "startedAtMs" | "resumed">,
  options: FactSources,
  signal: AbortSignal,
): Promise<Facts> {
  const { intent } = operation;
  const { runtime, registry, ports } = options;
  const service = serviceOf(intent);
  const specs = mayBeCreated(intent, registry);
  const [containers, images, edge] = await Promise.all([
    listContainers(service, options, signal),
    deployImages(operation, specs, options, signal),
    collectEdge(intent, { edge: options.edge, registry, nowMs: options.clock.now() }, signal),
  ]);
  signal.throwIfAborted();
  const registered = registry.service(service);
  const revisions = knownRevisions(service, containers, registry);
  const kept = await keptImages({ intent, containers, revisions }, options, signal);
  const routes = routeNames(specs, { intent, registered, revisions });
  const keys = [...routes].flatMap(([component, names]) => names.map((route) => portKey(component, route)));
  const inUse = keys.length === 0 ? new Set<number>() : portsInUse(registry, containers);
  const promise = await ports.allocate(keys, inUse);
  // What creates and starts nothing need not know which ports it could have.
  const usable = (hostPorts: HostPorts) =>
    specs.length === 0 ? Promise.resolve(hostPorts) : stillUsable(hostPorts, service, containers);
  try {
    const asked = { runtime, nowMs: options.clock.now() };
    const restarting = await restartingContainers(service, containers, asked, signal);
    return {
      input: {
        ...operation,
        registered: await withUsablePorts(registered, usable),
        observed: await observedWithUsablePorts(service, containers, usable, restarting),
        ...images,
        keptImages: kept,
        edge,
        freshPorts: freshPorts(routes, promise.ports),
        revisions,
        taken: takenNames(intent, containers),
        newestRevisionHash: registry.revisions.list(service, 1)[0]?.specHash ?? "",
      },
      [Symbol.dispose]: () => promise[Symbol.dispose](),
    };
  } catch (error) {
    promise[Symbol.dispose]();
    throw error;
  }
}

type UsablePorts = (hostPorts: HostPorts) => Promise<HostPorts>;

async function withUsablePorts(
  registered: RegisteredService | undefined,
  usable: UsablePorts,
): Promise<RegisteredService | undefined> {
  if (registered === undefined) return undefined;
  const components = registered.components.map(async (component) => ({
    ...component,
    hostPorts: await usable(component.hostPorts),
  }));
  return { ...registered, components: await Promise.all(components) };
}

/** What does not run may have lost its ports to somebody else. */
async function observedWithUsablePorts(
  service: string,
  containers: readonly Container[],
  usable: UsablePorts,
  restarting: ReadonlySet<string>,
): Promise<PlanInput["observed"]> {
  const entries = [...observedContainers(service, containers)].map(async ([component, list]) => {
    const checked = list.map(async (container) =>
      container.running
        ? container
        : {
            ...container,
            restarting: restarting.has(container.id),
            hostPorts: await usable(container.hostPorts),
          },
    );
    return [component, await Promise.all(checked)] as const;
  });
  return new Map(await Promise.all(entries));
}

function mayBeCreated(intent: Intent, registry: Registry): readonly ComponentSpec[] {
  switch (intent.kind) {
    case "deploy":
    case "rollback":
      return intent.spec.active ? intent.spec.components : [];
    case "start":
    case "restart":
    case "repair":
      return registry.service(intent.service)?.components.map((component) => component.spec) ?? [];
    case "stop":
    case "undeploy":
    case "brake":
    case "sync":
    case "adopt":
    case "purge":
    case "edge":
      return [];
  }
}

function portsInUse(registry: Registry, containers: readonly Container[]): Set<number> {
  const recorded = registry.components.all().flatMap((component) => Object.values(component.hostPorts));
  const published = containers.flatMap((container) =>
    portMappings(container.ports).map((port) => port.hostPort),
  );
  return new Set([...recorded, ...published]);
}

/** Ports that the component had and could have again. */
async function stillUsable(
  recorded: HostPorts,
  service: string,
  containers: readonly Container[],
): Promise<HostPorts> {
  const own = new Set(
    containers
      .filter((container) => container.labels[labels.service] === service && container.state === "running")
      .flatMap((container) => portMappings(container.ports).map((port) => port.hostPort)),
  );
  const usable = await Promise.all(
    Object.entries(recorded).map(async ([route, hostPort]) =>
      own.has(hostPort) || (await isRoutePortFree(hostPort)) ? [[route, hostPort] as const] : [],
    ),
  );
  return Object.fromEntries(usable.flat());
}

function portKey(component: string, route: string): string {
  return `${component}/${route}`;
}

/** Components that a sync declares and whose name somebody else's container has. */
function takenNames(intent: Intent, containers: readonly Container[]): Set<string> {
  if (intent.kind !== "sync") return new Set();
  const own = observedContainers(intent.service, containers);
  const names = new Set(containers.map(({ name }) => name));
  return new Set(
    intent.declared.components
      .map(({ name }) => name)
      .filter((component) => names.has(containerName(intent.service, component)))
      .filter((component) => own.get(component)?.some(({ slot }) => slot === "current") !== true),
  );
}

/** By component, its routes: also those of the version that its container is, and that a failed deploy leads back
 * to. */
function routeNames(
  specs: readonly ComponentSpec[],
  { intent, registered, revisions }: Pick<PlanInput, "intent" | "registered" | "revisions">,
): Map<string, string[]> {
  const previous = "spec" in intent ? (registered?.components ?? []).map(({ spec }) => spec) : [];
  const revised = specs.length === 0 ? [] : revisions.flatMap(({ components }) => components);
  const byComponent = Map.groupBy([...specs, ...previous, ...revised], (spec) => spec.name);
  return new Map(
    [...byComponent].map(([component, versions]) => [
      component,
      [...new Set(versions.flatMap((spec) => spec.routes.map((route) => route.name)))],
    ]),
  );
}

function freshPorts(
  routes: ReadonlyMap<string, readonly string[]>,
  allocated: Readonly<Record<string, number>>,
): Map<string, HostPorts> {
  const entries = [...routes].map(([component, names]) => {
    const ports = names.flatMap((name) => {
      const port = allocated[portKey(component, name)];
      return port === undefined ? [] : [[name, port] as const];
    });
    return [component, Object.fromEntries(ports)] as const;
  });
  return new Map(entries);
}
