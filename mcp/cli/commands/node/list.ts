import type { Command } from "@commander-js/extra-typings";

import { openContext } from "../../context.ts";
import type { Invocation } from "../../invocation.ts";

export const json = { nodes: "name, address" } as const;

export function define(command: Command, invocation: Invocation): void {
  command.action(async (_, self) => {
    await using context = await openContext(self, invocation);
    const { config, output } = context;
    if (output.format === "json") {
      return output.json({ nodes: config.nodes.map(({ name, address }) => ({ name, address })) });
    }
    if (config.nodes.length === 0)
      return output.say("no nodes; add one with `mcp node add <name> <host:port>`");
    output.table(
      [
        { heading: "NAME", text: ({ name }) => name },
        { heading: "ADDRESS", text: ({ address }) => address },
      ],
      config.nodes,
    );
  });
}
