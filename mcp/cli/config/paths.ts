import { join } from "node:path";

import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";

/** Where the tool keeps its files, by the XDG Base Directory specification. */
export function configDirectory(environment: Environment, home: string): string {
  const xdg = environment["XDG_CONFIG_HOME"];
  // The specification: a relative path is invalid and is ignored.
  const base = xdg?.startsWith("/") === true ? xdg : join(home, ".config");
  return join(base, "mcp");
}

/** The configuration file: the flag, else `MCP_CONFIG`, else the default place. */
export function configFile(flag: string | undefined, environment: Environment, home: string): string {
  const named = flag ?? environment["MCP_CONFIG"];
  return named === undefined || named === "" ? join(configDirectory(environment, home), "mcp.toml") : named;
}
