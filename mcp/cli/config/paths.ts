import { join } from "node:path";

import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";

/** Where the tool keeps its files, by the XDG Base Directory specification. */
export function configDirectory(environment: Environment, home: string): string {
  return join(baseDirectory(environment["XDG_CONFIG_HOME"], join(home, ".config")), "mcp");
}

/** Where texts lie while they are edited, and stay when they could not be saved. */
export function draftsDirectory(environment: Environment, home: string): string {
  return join(baseDirectory(environment["XDG_STATE_HOME"], join(home, ".local", "state")), "mcp", "edits");
}

/** The specification: a relative path is invalid and is ignored. */
function baseDirectory(named: string | undefined, otherwise: string): string {
  return named?.startsWith("/") === true ? named : otherwise;
}

/** The configuration file: the flag, else `MCP_CONFIG`, else the default place. */
export function configFile(flag: string | undefined, environment: Environment, home: string): string {
  const named = flag ?? environment["MCP_CONFIG"];
  return named === undefined || named === "" ? join(configDirectory(environment, home), "mcp.toml") : named;
}
