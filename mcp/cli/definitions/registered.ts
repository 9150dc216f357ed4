import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { specFromMessage } from "@metacircular/mcp-core/spec-codec.ts";
import type { ServiceSpec } from "@metacircular/mcp-core/spec.ts";

import type { Context } from "../context.ts";

/** What a node has in its registry of a service.
 * @throws DetailedError SERVICE_NOT_FOUND where it has nothing, or nothing whole */
export async function registeredSpec(
  nodes: Context["nodes"],
  node: string,
  service: string,
): Promise<ServiceSpec> {
  const status = await nodes.call(node, (agent, signal) =>
    agent.getServiceStatus({ name: service }, { signal }),
  );
  const message = status.services.find(({ name }) => name === service)?.spec;
  const read = message === undefined ? undefined : specFromMessage(message);
  if (read !== undefined && read.problems === undefined) return { ...read.spec, node };
  throw new DetailedError({
    code: "SERVICE_NOT_FOUND",
    category: "not-found",
    attempted: "show service",
    subject: service,
    found: `node ${node} has no complete specification of it`,
    remedy: "deploy it first",
  });
}
