import { type DeployResponse, OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import { type EdgeNode, edgeZone } from "./edge-node.ts";
import { aWeb, serviceMessage } from "./operator.ts";
import { aRoute } from "./specs.ts";

/** An operation that the agent is killed in, where it starts from, and what it must end with however often
 * the agent dies. */
export interface CrashScenario {
  readonly operation: string;
  /** Brings the service to where the operation starts. */
  prepare(node: EdgeNode): Promise<unknown>;
  run(node: EdgeNode, operationId: string): Promise<Pick<DeployResponse, "outcome" | "results">>;
  /** What podman must show in the end: `name state` of each container. */
  readonly containers: readonly string[];
  /** What each component answers in the end; components that do not answer are left out. */
  readonly answers: Readonly<Record<string, string>>;
  readonly outcome: OperationOutcome;
}

const service = "shop";
const running = ["shop-web running"];

/** Where podman restarted it, chance would decide whether it has to be stopped before it is removed. */
function endsOnce(component: ComponentSpec): ComponentSpec {
  return { ...component, restart: "no" };
}

const stopFirst = (version: string, fields: Partial<ComponentSpec> = {}) =>
  aWeb(version, { update: "stop-first", volumes: ["/etc/hostname:/name"], network: "bridge", ...fields });
const startFirst = (version: string) => aWeb(version, { update: "start-first" });

/** With a port that the node's proxy serves. */
function routed({ proxy }: EdgeNode, components: readonly ComponentSpec[]): ComponentSpec[] {
  return components.map((component) => ({
    ...component,
    routes: component.routes.map((route) => ({ ...route, port: proxy.port })),
  }));
}

function deploy(components: readonly ComponentSpec[]): CrashScenario["run"] {
  return (node, operationId) =>
    node.agent.client.deploy({ service: serviceMessage(service, routed(node, components)), operationId });
}

function deployed(...components: readonly ComponentSpec[]): CrashScenario["prepare"] {
  return async (node) => {
    await node.agent.client.deploy({ service: serviceMessage(service, routed(node, components)) });
  };
}

async function undeployed({ agent }: EdgeNode): Promise<void> {
  const { services } = await agent.client.listServices({});
  if (services.some(({ name }) => name === service)) await agent.client.undeployService({ name: service });
}

const { SUCCEEDED, RESTORED } = OperationOutcome;

export const crashScenarios: readonly CrashScenario[] = [
  {
    operation: "first deploy",
    prepare: undeployed,
    run: deploy([stopFirst("v1")]),
    containers: running,
    answers: { web: "v1" },
    outcome: SUCCEEDED,
  },
  {
    operation: "deploy, stop first",
    prepare: deployed(stopFirst("v1")),
    run: deploy([stopFirst("v2")]),
    containers: running,
    answers: { web: "v2" },
    outcome: SUCCEEDED,
  },
  {
    operation: "deploy, start first",
    prepare: deployed(startFirst("v1")),
    run: deploy([startFirst("v2")]),
    containers: running,
    answers: { web: "v2" },
    outcome: SUCCEEDED,
  },
  {
    operation: "failing deploy, stop first",
    prepare: deployed(stopFirst("v1")),
    run: deploy([endsOnce(stopFirst("exits"))]),
    containers: running,
    answers: { web: "v1" },
    outcome: RESTORED,
  },
  {
    operation: "failing deploy, start first",
    prepare: deployed(startFirst("v1")),
    run: deploy([endsOnce(startFirst("exits"))]),
    containers: running,
    answers: { web: "v1" },
    outcome: RESTORED,
  },
  {
    operation: "deploy without a component",
    prepare: deployed(startFirst("v1"), {
      ...startFirst("v1"),
      name: "admin",
      routes: [aRoute({ hostname: `admin.${edgeZone}` })],
    }),
    run: deploy([startFirst("v1")]),
    containers: running,
    answers: { web: "v1" },
    outcome: SUCCEEDED,
  },
  {
    operation: "rollback",
    async prepare(node) {
      await deployed(startFirst("v1"))(node);
      await deployed(startFirst("v2"))(node);
    },
    run: (node, operationId) => node.agent.client.rollback({ service, operationId }),
    containers: running,
    answers: { web: "v1" },
    outcome: SUCCEEDED,
  },
  {
    operation: "stop",
    prepare: async (node) => {
      await deployed(startFirst("v1"))(node);
    },
    run: (node, operationId) => node.agent.client.stopService({ name: service, operationId }),
    containers: ["shop-web exited"],
    answers: {},
    outcome: SUCCEEDED,
  },
  {
    operation: "start",
    async prepare(node) {
      await deployed(startFirst("v1"))(node);
      await node.agent.client.stopService({ name: service });
    },
    run: (node, operationId) => node.agent.client.startService({ name: service, operationId }),
    containers: running,
    answers: { web: "v1" },
    outcome: SUCCEEDED,
  },
  {
    operation: "restart",
    prepare: deployed(startFirst("v1")),
    run: (node, operationId) => node.agent.client.restartService({ name: service, operationId }),
    containers: running,
    answers: { web: "v1" },
    outcome: SUCCEEDED,
  },
  {
    operation: "repair",
    async prepare(node) {
      await deployed(stopFirst("v1"))(node);
      await node.podman.cli("rm", "--force", "--time", "0", "shop-web");
    },
    run: (node, operationId) => node.agent.client.reconcileService({ name: service, operationId }),
    containers: running,
    answers: { web: "v1" },
    outcome: SUCCEEDED,
  },
  {
    operation: "undeploy",
    prepare: deployed(startFirst("v1")),
    run: (node, operationId) => node.agent.client.undeployService({ name: service, operationId }),
    containers: [],
    answers: {},
    outcome: SUCCEEDED,
  },
];
