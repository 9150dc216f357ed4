import { homedir } from "node:os";
import { resolve } from "node:path";

import { type Command, Option } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import { addNode, assertCanAdd } from "../../config/edit-nodes.ts";
import { type CliConfig, loadCliConfig } from "../../config/load.ts";
import { architectures } from "../../config/node-rules.ts";
import { configFile } from "../../config/paths.ts";
import { globalsOf } from "../../globals.ts";
import type { Invocation } from "../../invocation.ts";
import { Output } from "../../output/output.ts";

export const json = { name: "node", address: "its address", file: "configuration file" } as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description("Adds a node to the configuration file. Comments and order stay.")
    .argument("<name>", "name of the node, as its agent has it")
    .argument("<address>", "host:port of its agent")
    .option("--server-name <name>", "name in the agent's certificate, where it is not the host")
    .addOption(new Option("--arch <name>", "what images for it are built for").choices(architectures))
    .option("--dry-run", "only check")
    .action(async (name, address, options, self) => {
      const globals = globalsOf(self);
      const output = new Output(invocation, globals);
      const file = resolve(configFile(globals.config, invocation.environment, homedir()));
      const known = await knownNodes(globals.config, invocation);
      const node = { name, address, serverName: options.serverName, architecture: options.arch };
      assertCanAdd(file, known, node);
      if (options.dryRun !== true) await addNode(file, node);
      if (output.format === "json") return output.json({ name, address, file });
      output.say(`${options.dryRun === true ? "would add" : "added"} ${name} (${address}) in ${file}`);
    });
}

/** The configured nodes; none where there is no configuration yet. */
async function knownNodes(
  flag: string | undefined,
  { environment }: Invocation,
): Promise<CliConfig["nodes"]> {
  try {
    return (await loadCliConfig(flag, environment)).nodes;
  } catch (thrown) {
    if (thrown instanceof DetailedError && thrown.code === "CONFIG_NOT_FOUND") return [];
    throw thrown;
  }
}
