import type { Client } from "@connectrpc/connect";
import { specToMessage } from "@metacircular/mcp-core/spec-codec.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import type {
  DeployResponse,
  McpAgent,
  ServiceSpec as ServiceMessage,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { TestNode } from "./node.ts";
import { aComponent, aRoute, httpHealth } from "./specs.ts";

/** What a test does to a node, and how it looks at the result with podman's own eyes. */
export interface Operator {
  deploy(service: string, components: readonly ComponentSpec[], active?: boolean): Promise<DeployResponse>;
  /** Host port of a component's first route as the agent lists it; 0: none. */
  hostPort(service: string, component?: string): Promise<number>;
  /** `name state` of each of the service's containers, sorted. */
  containers(service: string): Promise<string[]>;
  inspect(container: string, format: string): Promise<string>;
}

export function createOperator(node: TestNode): Operator {
  const agent = (): Client<typeof McpAgent> => node.agent.client;
  return {
    deploy: (service, components, active = true) =>
      agent().deploy({ service: serviceMessage(service, components, active) }),
    async hostPort(service, component = "web") {
      const { services } = await agent().listServices({});
      const components = services.find(({ name }) => name === service)?.components ?? [];
      return components.find(({ name }) => name === component)?.routes[0]?.hostPort ?? 0;
    },
    async containers(service) {
      const filter = `label=net.metacircular.mcp.service=${service}`;
      // Podman 4 shows its state as a sentence, except as JSON.
      const text = await node.podman.cli("ps", "-a", "--filter", filter, "--format", "json");
      const listed = JSON.parse(text) as readonly { Names: readonly string[]; State: string }[];
      return listed.map(({ Names, State }) => `${Names[0]} ${State}`).toSorted();
    },
    inspect: async (container, format) =>
      (await node.podman.cli("inspect", container, "--format", format)).trim(),
  };
}

export function serviceMessage(
  name: string,
  components: readonly ComponentSpec[],
  active = true,
): ServiceMessage {
  return specToMessage({ name, node: "", active, components });
}

/** A component `web` of the sample image with this tag: one route, health by HTTP. */
export function aWeb(version: string, fields: Partial<ComponentSpec> = {}): ComponentSpec {
  return aComponent({
    name: "web",
    image: `localhost/web:${version}`,
    routes: [aRoute()],
    health: httpHealth("/healthz"),
    ...fields,
  });
}

/** What answers on a port of the loopback. */
export async function answerOn(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(30_000) });
  return response.text();
}
