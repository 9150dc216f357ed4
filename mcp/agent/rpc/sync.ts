import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import { containerName } from "@metacircular/mcp-core/names.ts";
import { planChanges } from "@metacircular/mcp-core/plan-changes.ts";
import type { ServiceSpec } from "@metacircular/mcp-core/spec.ts";
import { syncSummary } from "@metacircular/mcp-core/sync-summary.ts";
import type {
  McpAgent,
  ServiceSpec as ServiceMessage,
  ServiceSyncResultSchema,
  UnmanagedContainerSchema,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { failureOf } from "../deploy/failure.ts";
import type { Registry } from "../registry/registry.ts";
import type { Container } from "../runtime/runtime.ts";
import { encodeChange, encodeFailure, encodeOutcome, encodeStep } from "./encode-operation.ts";
import { decodeSpec } from "./requests.ts";
import type { RpcContext } from "./rpc-context.ts";
import { syncNotes } from "./sync-notes.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "syncDesiredState">;
type SyncResult = MessageInitShape<typeof ServiceSyncResultSchema>;

/** Services at once: enough to share the listings of the runtime, few enough to leave it room for others. */
const atOnce = 32;

interface Given {
  readonly dryRun: boolean;
  /** What the runtime showed when the request came: enough to see whether there is anything to do. */
  readonly containers: readonly Container[];
}

export function syncMethods(rpc: RpcContext): Methods {
  return {
    /** Each service for itself: one that cannot be synchronised does not keep the others from it. */
    async syncDesiredState({ services, dryRun }, context) {
      const { containers } = await rpc.observer.observe({ from: "runtime" }, context.signal);
      const repeated = repeatedNames(services);
      const results = await inParallel(services, (message) =>
        syncOne(message, { dryRun, containers, isRepeated: repeated.has(message.name) }, rpc, context),
      );
      return { results, unmanaged: unmanaged(rpc) };
    },
  };
}

async function syncOne(
  message: ServiceMessage,
  { isRepeated, ...given }: Given & { readonly isRepeated: boolean },
  rpc: RpcContext,
  context: HandlerContext,
): Promise<SyncResult> {
  const { name } = message;
  try {
    context.signal.throwIfAborted();
    if (isRepeated) throw repeatedService(name);
    return await sync(decodeSpec(message, rpc.node, "sync"), given, rpc, context);
  } catch (error) {
    context.signal.throwIfAborted();
    return { name, error: encodeFailure(failureOf(error, `sync ${name}`)) };
  }
}

async function sync(
  declared: ServiceSpec,
  { dryRun, containers }: Given,
  { deployer, registry, newId }: RpcContext,
  context: HandlerContext,
): Promise<SyncResult> {
  const { name } = declared;
  const intent: Intent = { kind: "sync", service: name, declared };
  const { steps, input } = await deployer.preview(intent, containers);
  const before = input.registered;
  const specs = before?.components.map(({ spec }) => spec) ?? [];
  const changes = planChanges(steps, declared, specs, input);
  const planned = {
    name,
    changed: steps.length > 0,
    summary: syncSummary(declared, before, changes),
    changes: changes.map(encodeChange),
    steps: steps.map((step) => encodeStep(name, step)),
  };
  if (dryRun || (steps.length === 0 && !isBeingChanged(name, registry))) {
    return { ...planned, ...syncNotes(declared, input) };
  }
  const operationId = newId();
  const record = await deployer.run({ operationId, intent, caller: callerOf(context).name });
  const failure = record.results.find((result) => result.failure !== undefined)?.failure;
  return {
    ...planned,
    ...syncNotes(declared, input),
    operationId,
    outcome: encodeOutcome(record.outcome),
    ...(failure === undefined ? {} : { error: encodeFailure(failure) }),
  };
}

/** Whether an operation is at work that may lead away from what was just found. What the agent does by itself never
 * changes what is declared. */
function isBeingChanged(name: string, registry: Registry): boolean {
  return registry.operations
    .unfinished()
    .some(({ service, kind }) => service === name && !["repair", "brake", "edge"].includes(kind));
}

function repeatedNames(services: readonly ServiceMessage[]): Set<string> {
  const names = services.map(({ name }) => name);
  return new Set(names.filter((name, index) => names.indexOf(name) !== index));
}

function repeatedService(name: string): DetailedError {
  return new DetailedError({
    code: "DEFINITION_INVALID",
    category: "invalid-argument",
    attempted: "sync",
    subject: name,
    found: "the request has it more than once",
    remedy: "send one definition of each service",
  });
}

/** What the registry only sees: containers that somebody else created. */
function unmanaged({ registry }: RpcContext): MessageInitShape<typeof UnmanagedContainerSchema>[] {
  return registry.components
    .all()
    .filter(({ desired }) => desired === "ignore")
    .map(({ service, spec, observed }) => ({
      name: containerName(service, spec.name),
      image: spec.image,
      observedState: observed.state,
      service,
      component: spec.name,
    }));
}

/** Results in the order of the items. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const workers = Array.from({ length: atOnce }, async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  });
  await Promise.all(workers);
  return results;
}
