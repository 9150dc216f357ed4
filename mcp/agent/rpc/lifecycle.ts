import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import { serviceOf, type Intent } from "@metacircular/mcp-core/intent.ts";
import type { McpAgent, ServiceRequest } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { encodeOutcome, encodeResult } from "./encode-operation.ts";
import { decodeOperationId, requireService } from "./requests.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<
  ServiceImpl<typeof McpAgent>,
  "stopService" | "startService" | "restartService" | "undeployService"
>;

export function lifecycleMethods({ deployer, registry, newId }: RpcContext): Methods {
  async function run(id: string, intent: Intent, context: HandlerContext) {
    const operationId = decodeOperationId(id, newId);
    // An operation that is known already may itself have removed the service.
    if (registry.operations.get(operationId) === undefined) {
      requireService(registry, serviceOf(intent), "component" in intent ? intent.component : "");
    }
    const record = await deployer.run({ operationId, intent, caller: callerOf(context).name });
    return { results: record.results.map(encodeResult), operationId, outcome: encodeOutcome(record.outcome) };
  }

  return {
    stopService: (request, context) =>
      run(request.operationId, { kind: "stop", service: wholeService("stop", request) }, context),
    startService: (request, context) =>
      run(request.operationId, { kind: "start", service: wholeService("start", request) }, context),
    restartService: ({ name, component, operationId }, context) =>
      run(operationId, { kind: "restart", service: name, component }, context),
    undeployService: ({ name, operationId }, context) =>
      run(operationId, { kind: "undeploy", service: name }, context),
  };
}

function wholeService(kind: string, { name, component }: ServiceRequest): string {
  if (component === "") return name;
  throw new DetailedError({
    code: "COMPONENT_NOT_SUPPORTED",
    category: "invalid-argument",
    attempted: kind,
    subject: `${name}/${component}`,
    found: `${kind} applies to whole services`,
    remedy: `${kind} ${name}, or restart the component`,
  });
}
