import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { sentence } from "@metacircular/mcdsl/errors.ts";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import { type Failure, outcomeOf } from "@metacircular/mcp-core/outcome.ts";
import { specToMessage } from "@metacircular/mcp-core/spec-codec.ts";
import type { AdoptResultSchema, McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { examineContainers, type Examined } from "../adopt/examine.ts";
import { failureOf } from "../deploy/failure.ts";
import type { OperationRecord } from "../registry/operations.ts";
import { encodeFailure, encodeOutcome } from "./encode-operation.ts";
import { decodeOperationId, requireServiceName } from "./requests.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "adoptContainer">;
type AdoptIntent = Extract<Intent, { kind: "adopt" }>;

export function adoptMethods(rpc: RpcContext): Methods {
  const { deployer, registry, observer, runtime, clock, newId } = rpc;
  return {
    /** A container that cannot be taken over does not keep the others from it. */
    async adoptContainer({ service, dryRun, operationId: id, knownServices }, context) {
      const { signal } = context;
      requireServiceName(service, "adopt");
      const operationId = decodeOperationId(id, newId);
      const known = registry.operations.get(operationId)?.intent;
      await observer.observe({ from: "runtime" }, signal);
      const examined = await examineContainers(service, knownServices, { runtime, registry, clock, signal });
      // What this operation has taken over when its answer was lost is not taken over before it.
      const intent = known?.kind === "adopt" ? known : adoptIntent(service, examined);
      const isNew = ({ id: container }: Examined) =>
        intent.containers.some((entry) => entry.id === container);
      const results = (record?: OperationRecord) =>
        examined.map((one) => encodeExamined(one, isNew(one), failureIn(record, one)));
      if (dryRun) return { results: results() };
      if (intent.containers.length === 0)
        return { results: results(), outcome: encodeOutcome(outcome(examined)) };
      const record = await deployer.run({ operationId, intent, caller: callerOf(context).name });
      return { results: results(record), operationId, outcome: encodeOutcome(outcome(examined, record)) };
    },
  };
}

function adoptIntent(service: string, examined: readonly Examined[]): AdoptIntent {
  const containers = examined.flatMap(({ id, spec, desired, managed }) =>
    spec === undefined || managed ? [] : [{ id, spec, desired }],
  );
  return { kind: "adopt", service, containers };
}

function failureIn(record: OperationRecord | undefined, { component }: Examined): Failure | undefined {
  return record?.results.find((result) => result.component === component)?.failure;
}

/** Of the operation, and of the containers that it left out because they were refused. */
function outcome(examined: readonly Examined[], record?: OperationRecord) {
  const refused = examined.flatMap(({ component, refused: failure }) =>
    failure === undefined ? [] : [{ component, outcome: "failed" as const }],
  );
  return outcomeOf(
    [...(record?.results ?? []), ...refused],
    record !== undefined && record.outcome !== "unchanged",
  );
}

function encodeExamined(
  { container, component, desired, notCarried, managed, spec, refused }: Examined,
  isNew: boolean,
  failed: Failure | undefined,
): MessageInitShape<typeof AdoptResultSchema> {
  const failure = refused === undefined ? failed : failureOf(refused, "adopt");
  const [message] = spec === undefined ? [] : specToMessage(serviceOf(spec)).components;
  return {
    container,
    component,
    success: failure === undefined,
    error: failure === undefined ? "" : sentence(failure),
    desiredState: desired,
    notCarried: [...notCarried],
    alreadyManaged: managed && !isNew,
    ...(failure === undefined ? {} : { detail: encodeFailure(failure) }),
    ...(message === undefined ? {} : { spec: message }),
  };
}

function serviceOf(spec: NonNullable<Examined["spec"]>) {
  return { name: "", node: "", active: true, components: [spec] };
}
