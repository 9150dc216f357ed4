import type { CommandUnknownOpts } from "@commander-js/extra-typings";

import { type CliConfig, loadCliConfig } from "./config/load.ts";
import { type GlobalOptions, globalsOf } from "./globals.ts";
import type { Invocation } from "./invocation.ts";
import { Nodes } from "./nodes/nodes.ts";
import { Output } from "./output/output.ts";
import { createTokenSource } from "./session/token-source.ts";

/** What most commands work with. Disposing it ends the connections to the nodes. */
export interface Context extends AsyncDisposable {
  readonly invocation: Invocation;
  readonly globals: GlobalOptions;
  readonly config: CliConfig;
  readonly output: Output;
  readonly nodes: Nodes;
  /** The bearer token to act with.
   * Rejects with DetailedError NOT_LOGGED_IN and what the identity service answers. */
  readonly token: () => Promise<string>;
}

/** Reads the configuration and prepares connections; connects to nothing yet.
 * @throws DetailedError CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_INVALID, NODE_UNKNOWN */
export async function openContext(command: CommandUnknownOpts, invocation: Invocation): Promise<Context> {
  const globals = globalsOf(command);
  const config = await loadCliConfig(globals.config, invocation.environment);
  const output = new Output(invocation, globals);
  const token = createTokenSource(config, invocation, output);
  const nodes = new Nodes({ config, only: globals.node, token, signal: invocation.signal });
  return {
    invocation,
    globals,
    config,
    output,
    nodes,
    token,
    [Symbol.asyncDispose]: () => nodes[Symbol.asyncDispose](),
  };
}
