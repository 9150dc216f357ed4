import type { ServiceImpl } from "@connectrpc/connect";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import type { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { encodeOutcome, encodeResult, encodeStep } from "./encode-operation.ts";
import { decodeOperationId, requireService } from "./requests.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "reconcileService">;

export function reconcileMethods({ deployer, registry, newId }: RpcContext): Methods {
  /** What has finished by itself stays finished. */
  function finishedComponents(service: string): string[] {
    return registry.repairs
      .all()
      .filter((repair) => repair.service === service && repair.state === "finished")
      .map(({ component }) => component);
  }

  return {
    async reconcileService({ name, operationId: id, dryRun }, context) {
      const operationId = decodeOperationId(id, newId);
      const known = registry.operations.get(operationId);
      if (known === undefined) requireService(registry, name);
      const intent: Intent =
        known?.intent.kind === "repair"
          ? { ...known.intent, service: name, component: "" }
          : { kind: "repair", service: name, component: "", except: finishedComponents(name) };
      if (dryRun) {
        const { steps } = await deployer.preview(intent);
        return { steps: steps.map((step) => encodeStep(name, step)) };
      }
      const record = await deployer.run({ operationId, intent, caller: callerOf(context).name });
      return {
        results: record.results.map(encodeResult),
        operationId,
        outcome: encodeOutcome(record.outcome),
        steps: record.steps.map((step) => encodeStep(name, step)),
      };
    },
  };
}
