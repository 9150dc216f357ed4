import { loadConfig } from "@metacircular/mcdsl/config/load.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type AgentConfig, agentConfigSchema, environmentPrefix } from "../config.ts";

/** The configuration; ends the process with 2 where it is wrong. */
export function readConfig(file: string): AgentConfig {
  try {
    return loadConfig({ schema: agentConfigSchema, file, environmentPrefix, environment: process.env });
  } catch (error) {
    if (!(error instanceof DetailedError)) throw error;
    process.stderr.write(`mcp-agent: ${error.message}\n`);
    process.exit(2);
  }
}
