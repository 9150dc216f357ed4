import { containerName, routeVariable } from "@metacircular/mcp-core/names.ts";
import { slotName } from "@metacircular/mcp-core/describe-step.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { labels, type ContainerRequest } from "../runtime/runtime.ts";

/** Seconds a container gets to end by itself before it is killed. */
const stopTimeoutS = 10;

/** The container that a `create-container` step stands for. Routes are published on loopback only, under
 * the same port inside and outside, which the container finds in `$PORT` or `$PORT_<NAME>`. */
export function containerRequest(
  step: StepOf<"create-container">,
  { service, node, operationId }: { service: string; node: string; operationId: string },
): ContainerRequest {
  const { component, slot, spec, specHash, hostPorts } = step;
  const published = Object.values(hostPorts).map((port) => `127.0.0.1:${port}:${port}`);
  const ports = Object.entries(hostPorts).map(([route, port]) => `${routeVariable(route)}=${port}`);
  const name = containerName(service, component);
  return {
    name: slotName(service, component, slot),
    image: step.image ?? spec.image,
    network: spec.network,
    networkAliases: [...new Set([name, component])],
    user: spec.user,
    restart: spec.restart,
    ports: [...spec.ports, ...published],
    volumes: spec.volumes,
    env: [...spec.env, ...ports],
    cmd: spec.cmd,
    labels: {
      [labels.service]: service,
      [labels.component]: component,
      [labels.node]: node,
      [labels.specHash]: specHash,
      [labels.operation]: operationId,
      [labels.hostPorts]: JSON.stringify(hostPorts),
    },
    stopTimeoutS,
  };
}
