import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { resolve } from "node:path";

import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { judgeTrustedPath } from "@metacircular/mcp-core/doctor/file-access.ts";
import { fine, type Judgement, problem, warning } from "@metacircular/mcp-core/doctor/finding.ts";

import { type CliConfig, loadCliConfig } from "../config/load.ts";
import { configFile } from "../config/paths.ts";

/** The configuration, where there is one that can be used, and what is wrong with it. */
export async function examineConfiguration(
  flag: string | undefined,
  environment: Environment,
): Promise<{ config: CliConfig | undefined; judgements: Judgement[] }> {
  const file = resolve(configFile(flag, environment, homedir()));
  try {
    const config = await loadCliConfig(flag, environment);
    const { mode, uid } = await stat(file);
    const access = judgeTrustedPath({ path: file, mode, ownerId: uid }, process.getuid?.() ?? 0);
    return { config, judgements: [access, ...judgeSettings(config)] };
  } catch (error) {
    if (!(error instanceof DetailedError)) throw error;
    return { config: undefined, judgements: [judgeUnusable(file, error)] };
  }
}

export function judgeUnusable(file: string, { found, remedy }: DetailedError): Judgement {
  return problem(
    file,
    found,
    remedy === "" ? "correct the file; `mcp help` and docs/cli.md show its keys" : remedy,
  );
}

/** What may be missing from a configuration that is valid. */
export function judgeSettings({
  file,
  nodes,
  identity,
}: Pick<CliConfig, "file" | "nodes" | "identity">): Judgement[] {
  const listed = nodes.map(({ name }) => name).join(", ");
  return [
    nodes.length === 0
      ? problem("nodes", `${file} lists none`, "mcp node add <name> <host:port>")
      : fine("nodes", `${nodes.length}: ${listed}`),
    identity.issuer === undefined
      ? warning(
          "identity service",
          `${file} does not name one`,
          "set server_url in [mcias]; until then only MCP_TOKEN works",
        )
      : fine("identity service", identity.issuer),
  ];
}
