import type { Command } from "@commander-js/extra-typings";
import { specToDefinition } from "@metacircular/mcp-core/definition/convert.ts";

import { openContext } from "../../context.ts";
import { registeredSpec } from "../../definitions/registered.ts";
import { definitionText } from "../../definitions/rewrite.ts";
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
    .addHelpText("after", examples)
    .action(async (service, _, self) => {
      await using context = await openContext(self, invocation);
      const { output } = context;
      const { node } = await locateService(context, service);
      const spec = await registeredSpec(context.nodes, node, service);
      if (output.format === "json") output.json({ node, definition: specToDefinition(spec) });
      else output.print(definitionText(spec).trimEnd());
    });
}

const examples = `
Examples:
  mcp service show metacrypt
  mcp --node rift service show metacrypt     what this node has, whatever the file says
`;
