import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import { planChanges } from "@metacircular/mcp-core/plan-changes.ts";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import type { ServiceSpec } from "@metacircular/mcp-core/spec.ts";
import type { DeployRequest, McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { deployedComponents } from "../deploy/deployed.ts";
import { rollbackSpec } from "../deploy/rollback-spec.ts";
import { encodeChange, encodeOutcome, encodeResult, encodeStep } from "./encode-operation.ts";
import { componentNotFound, decodeOperationId, decodeSpec } from "./requests.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "deploy" | "planDeploy" | "rollback" | "planRollback">;

export function deployMethods(rpc: RpcContext): Methods {
  const { deployer, registry } = rpc;

  async function run(id: string, intent: Intent, context: HandlerContext) {
    const operationId = decodeOperationId(id, rpc.newId);
    const record = await deployer.run({ operationId, intent, caller: callerOf(context).name });
    return {
      results: record.results.map(encodeResult),
      operationId,
      outcome: encodeOutcome(record.outcome),
      revision: BigInt(record.revision),
    };
  }

  async function preview(intent: DeployIntent) {
    const { steps, input } = await deployer.preview(intent);
    const { spec } = intent;
    return {
      steps: steps.map((step) => encodeStep(spec.name, step)),
      changes: planChanges(steps, spec, deployedComponents(spec.name, registry), input).map(encodeChange),
    };
  }

  return {
    deploy: (request, context) => run(request.operationId, deployIntent(request, rpc), context),

    planDeploy: (request) => preview({ ...deployIntent(request, rpc), awaitedImages: request.awaitedImages }),

    async planRollback({ service, revision }, { signal }) {
      return preview(await rollbackIntent(service, Number(revision), rpc, signal));
    },

    async rollback(request, context) {
      const known = registry.operations.get(request.operationId);
      const revision = Number(request.revision);
      const isKnown =
        known?.intent.kind === "rollback" &&
        known.service === request.service &&
        known.intent.revision === revision;
      const intent = isKnown
        ? known.intent
        : await rollbackIntent(request.service, revision, rpc, context.signal);
      return run(request.operationId, intent, context);
    },
  };
}

type DeployIntent = Extract<Intent, { kind: "deploy" | "rollback" }>;

function deployIntent({ service, component, recreate, pull }: DeployRequest, rpc: RpcContext): DeployIntent {
  const spec = decodeSpec(service, rpc.node);
  const names = spec.components.map((entry) => entry.name);
  if (component !== "" && !names.includes(component)) throw componentNotFound(spec.name, component, names);
  return {
    kind: "deploy",
    spec: component === "" ? spec : merged(spec, component, rpc),
    component,
    recreate,
    ...(pull ? { pull } : {}),
  };
}

/** Deploying one component leaves the others as they were last deployed. */
function merged(spec: ServiceSpec, component: string, { registry }: RpcContext): ServiceSpec {
  const deployed = deployedComponents(spec.name, registry);
  const components = spec.components.flatMap((declared) => {
    if (declared.name === component) return [declared];
    return deployed.filter(({ name }) => name === declared.name);
  });
  const undeclared = deployed.filter(
    ({ name }) => !spec.components.some((declared) => declared.name === name),
  );
  return { ...spec, components: [...components, ...undeclared] };
}

async function rollbackIntent(
  service: string,
  revision: number,
  { registry, runtime, node }: RpcContext,
  signal: AbortSignal,
): Promise<DeployIntent> {
  const spec = await rollbackSpec({ service, revision }, { registry, runtime, node }, signal);
  return { kind: "rollback", spec, component: "", recreate: false, revision };
}
