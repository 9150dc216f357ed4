import type { Command } from "@commander-js/extra-typings";

import { removeNode } from "../../config/edit-nodes.ts";
import { openContext } from "../../context.ts";
import type { Invocation } from "../../invocation.ts";

export const json = { name: "node", file: "configuration file" } as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description("Removes a node from the configuration file. What runs on it keeps running.")
    .argument("<node>", "name of the node")
    .option("--dry-run", "only check")
    .action(async (name, options, self) => {
      await using context = await openContext(self, invocation);
      const { config, output } = context;
      context.nodes.config(name);
      if (options.dryRun !== true) await removeNode(config, name);
      if (output.format === "json") return output.json({ name, file: config.file });
      output.say(`${options.dryRun === true ? "would remove" : "removed"} ${name} from ${config.file}`);
    });
}
