import type { CommandUnknownOpts } from "@commander-js/extra-typings";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config: string | undefined;
  /** Only these nodes; empty: all. */
  readonly node: readonly string[];
  readonly output: "table" | "json";
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** The values of the global options, wherever on the command line they stand. */
export function globalsOf(command: CommandUnknownOpts): GlobalOptions {
  const values: Record<string, unknown> = command.optsWithGlobals();
  const { config, node, output, quiet, verbose } = values;
  return {
    config: typeof config === "string" ? config : undefined,
    node: Array.isArray(node) ? node.map(String) : [],
    output: output === "json" ? "json" : "table",
    quiet: quiet === true,
    verbose: verbose === true,
  };
}
