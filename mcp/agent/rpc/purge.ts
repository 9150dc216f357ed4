import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import { containerName } from "@metacircular/mcp-core/names.ts";
import type { Failure } from "@metacircular/mcp-core/outcome.ts";
import type {
  DefinedComponent,
  McpAgent,
  PurgeRequest,
  PurgeResultSchema,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { failureOf } from "../deploy/failure.ts";
import { observedContainers } from "../deploy/observed-containers.ts";
import { componentRunning } from "../deploy/steps/check-stopped.ts";
import type { Registry } from "../registry/registry.ts";
import type { Container } from "../runtime/runtime.ts";
import { encodeFailure } from "./encode-operation.ts";
import { requireService } from "./requests.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "purgeComponents">;
type Parts = Pick<RpcContext, "observer" | "registry" | "deployer" | "newId">;
type PurgeResult = MessageInitShape<typeof PurgeResultSchema>;

/** A registry entry that no definition declares. */
interface Entry {
  readonly service: string;
  /** Empty: a service without components. */
  readonly component: string;
  /** Not ours: the registry only tells that its container is there. */
  readonly isForeign: boolean;
}

export function purgeMethods(rpc: Parts): Methods {
  const { observer, registry } = rpc;
  return {
    async purgeComponents(request, context) {
      const { containers } = await observer.observe({ from: "runtime" }, context.signal);
      requireTarget(request, registry);
      const entries = Map.groupBy(undefinedEntries(request, registry), ({ service }) => service);
      const results: PurgeResult[] = [];
      for (const [service, list] of entries) {
        context.signal.throwIfAborted();
        results.push(...(await purgeService(service, list, { request, containers, rpc, context })));
      }
      return { results };
    },
  };
}

/** What was named must be there, or be forgotten already. */
function requireTarget({ service, component }: PurgeRequest, registry: Registry): void {
  if (service === "" || registry.services.isActive(service) !== undefined) {
    const known = registry.components.ofService(service).some(({ spec }) => spec.name === component);
    if (service === "" || component === "" || known) return;
  }
  requireService(registry, service, component);
}

function undefinedEntries({ service, component, defined }: PurgeRequest, registry: Registry): Entry[] {
  const isDefined = definedBy(defined);
  const components = registry.components.all().map((record) => ({
    service: record.service,
    component: record.spec.name,
    isForeign: record.desired === "ignore",
  }));
  const empty = registry.services
    .names()
    .filter((name) => !components.some((entry) => entry.service === name))
    .map((name) => ({ service: name, component: "", isForeign: false }));
  return [...components, ...empty]
    .filter((entry) => service === "" || entry.service === service)
    .filter((entry) => component === "" || entry.component === component)
    .filter((entry) => !isDefined(entry));
}

/** A definition without components stands for all that the service may have. */
function definedBy(defined: readonly DefinedComponent[]): (entry: Entry) => boolean {
  const services = new Set(defined.map(({ service }) => service));
  const wholeServices = new Set(
    defined.filter(({ component }) => component === "").map(({ service }) => service),
  );
  const components = new Set(defined.map(({ service, component }) => `${service}/${component}`));
  return ({ service, component }) =>
    wholeServices.has(service) ||
    components.has(`${service}/${component}`) ||
    (component === "" && services.has(service));
}

async function purgeService(
  service: string,
  entries: readonly Entry[],
  about: {
    request: PurgeRequest;
    containers: readonly Container[];
    rpc: Parts;
    context: HandlerContext;
  },
): Promise<PurgeResult[]> {
  const own = observedContainers(service, about.containers);
  const purgeable: Entry[] = [];
  const results = entries.flatMap((entry): PurgeResult[] => {
    const { component, isForeign } = entry;
    const name = component === "" ? "" : containerName(service, component);
    if (isForeign) {
      return [{ service, component, container: name, reason: "not ours: MCP did not create its container" }];
    }
    if (own.get(component)?.some((container) => container.running) === true) {
      const error = componentRunning({ service, component, container: name });
      return [refused(service, component, name, failureOf(error, "purge"))];
    }
    purgeable.push(entry);
    return [];
  });
  const purged = purgeable.map(({ component }): PurgeResult => {
    const [container] = own.get(component) ?? [];
    return {
      service,
      component,
      container: container === undefined ? "" : containerName(service, component),
      purged: true,
      reason: reasonOf(component, container !== undefined),
    };
  });
  if (about.request.dryRun || purged.length === 0) return [...results, ...purged];
  return [...results, ...(await carryOut(service, purged, about))];
}

async function carryOut(
  service: string,
  purged: readonly PurgeResult[],
  { request, rpc, context }: { request: PurgeRequest; rpc: Parts; context: HandlerContext },
): Promise<PurgeResult[]> {
  const components = purged.map(({ component = "" }) => component).filter((component) => component !== "");
  const keepService = request.defined.some((entry) => entry.service === service);
  const operationId = rpc.newId();
  try {
    const { results } = await rpc.deployer.run({
      operationId,
      intent: { kind: "purge", service, components, ...(keepService ? { keepService } : {}) },
      caller: callerOf(context).name,
    });
    return purged.map((entry) => {
      const { component = "", container = "" } = entry;
      const about = component === "" ? service : component;
      const result = results.find((ended) => ended.component === about);
      return result?.failure === undefined
        ? { ...entry, operationId }
        : { ...refused(service, component, container, result.failure), operationId };
    });
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = failureOf(error, `purge ${service}`);
    return purged.map(({ component = "", container = "" }) =>
      refused(service, component, container, failure),
    );
  }
}

function refused(service: string, component: string, container: string, failure: Failure): PurgeResult {
  return { service, component, container, reason: failure.found, error: encodeFailure(failure) };
}

function reasonOf(component: string, hasContainer: boolean): string {
  if (component === "") return "in no definition, and without components";
  return hasContainer
    ? "in no definition; its container is stopped, and is removed with it"
    : "in no definition, and without a container";
}
