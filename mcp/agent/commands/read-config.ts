import { loadConfig } from "@metacircular/mcdsl/config/load.ts";
import { type AgentConfig, agentConfigSchema, environmentPrefix } from "../config.ts";

/** The configuration, with the environment's overrides.
 * @throws DetailedError CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_INVALID */
export function readConfig(file: string): AgentConfig {
  return loadConfig({ schema: agentConfigSchema, file, environmentPrefix, environment: process.env });
}
