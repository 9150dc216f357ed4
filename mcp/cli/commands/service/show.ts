import type { Command } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { specToDefinition } from "@metacircular/mcp-core/definition/convert.ts";
import { specFromMessage } from "@metacircular/mcp-core/spec-codec.ts";
import { stringify } from "smol-toml";

import { type Context, openContext } from "../../context.ts";
import type { Invocation } from "../../invocation.ts";
import { locateService } from "../../nodes/locate.ts";

export const json = {
  node: "node",
  definition: "the definition, with the keys of a definition file",
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description("Prints what a service's node has in its registry, in the form of a definition file.")
    .argument("<service>", "service to show")
    .action(async (service, _, self) => {
      await using context = await openContext(self, invocation);
      const { output } = context;
      const { node } = await locateService(context, service);
      const definition = await registeredDefinition(context.nodes, node, service);
      if (output.format === "json") output.json({ node, definition });
      else output.print(stringify(definition).trimEnd());
    });
}

async function registeredDefinition(
  nodes: Context["nodes"],
  node: string,
  service: string,
): Promise<Record<string, unknown>> {
  const status = await nodes.call(node, (agent, signal) =>
    agent.getServiceStatus({ name: service }, { signal }),
  );
  const message = status.services.find(({ name }) => name === service)?.spec;
  const read = message === undefined ? undefined : specFromMessage(message);
  if (read !== undefined && read.problems === undefined) return specToDefinition({ ...read.spec, node });
  throw new DetailedError({
    code: "SERVICE_NOT_FOUND",
    category: "not-found",
    attempted: "show service",
    subject: service,
    found: `node ${node} has no complete specification of it`,
    remedy: "deploy it first",
  });
}
