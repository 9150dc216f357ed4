import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { join } from "node:path";
import { quoteForShell } from "../output/shell.ts";
import { sampleName } from "../bootstrap/sample-definition.ts";
import {
  curlResolve,
  metacryptGrpcAddress,
  nameServerGrpcAddress,
  type Platform,
  registryAddress,
  registryGrpcAddress,
} from "../platform.ts";
import { findPlatform, statePath, thisHost } from "./context.ts";

/** Prints what a shell evaluates so that `mcp`, `mcias`, `metacrypt`, `mcns`, `mcr`, `mcproxyctl` and `podman` work with the platform.
 * @throws DetailedError `PLATFORM_ABSENT` */
export async function env(options: { state?: string }): Promise<void> {
  const host = thisHost();
  const path = statePath(options.state, host);
  const platform = await findPlatform(path, host);
  if (platform === undefined) throw platformAbsent(path);
  const lines = exportsOf(platform).map(([name, value]) => `export ${name}=${value}\n`);
  process.stdout.write(lines.join(""));
}

function exportsOf({ layout, settings, host }: Platform): [string, string][] {
  const { containersConf, storageConf } = settings.podman;
  const { config, token } = layout.operator;
  const variables: [string, string][] = [
    ["MCP_CONFIG", config],
    ["METACIRCULAR_CA", layout.authorityCertificate],
    ["METACIRCULAR_RESOLVE", curlResolve(sampleName, settings)],
    ["METACIRCULAR_REGISTRY", registryAddress(settings)],
    ["MCIAS_CONFIG", layout.identity.config],
    ["METACRYPT_SERVER", metacryptGrpcAddress(settings)],
    ["METACRYPT_CA", layout.authorityCertificate],
    ["METACRYPT_TOKEN_FILE", token],
    ["MCNS_ADDRESS", nameServerGrpcAddress(settings)],
    ["MCNS_CA_FILE", layout.authorityCertificate],
    ["MCNS_TOKEN_FILE", token],
    ["MCR_ADDRESS", registryGrpcAddress(settings)],
    ["MCR_CA_FILE", layout.authorityCertificate],
    ["MCR_TOKEN_FILE", token],
    ["MC_PROXY_ADMIN_SOCKET", layout.proxy.socket],
    ["CONTAINERS_CONF", containersConf],
    ["CONTAINERS_STORAGE_CONF", storageConf],
  ];
  const chosen = variables.filter(([, value]) => value !== "");
  return [
    ...chosen.map(([name, value]): [string, string] => [name, quoteForShell(value)]),
    ["PATH", `${quoteForShell(join(host.checkout, "bin"))}:"$PATH"`],
  ];
}

function platformAbsent(path: string): DetailedError {
  return new DetailedError({
    code: "PLATFORM_ABSENT",
    category: "not-found",
    attempted: "find a platform in",
    subject: path,
    found: "none was started there",
    remedy: "run `metacircular up`, or name another directory with --state",
  });
}
