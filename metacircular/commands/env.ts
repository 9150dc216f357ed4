import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { join } from "node:path";
import { quoteForShell } from "../output/shell.ts";
import { sampleName } from "../bootstrap/sample-definition.ts";
import { curlResolve, type Platform } from "../platform.ts";
import { findPlatform, statePath, thisHost } from "./context.ts";

/** Prints what a shell evaluates so that `mcp`, and `podman` beside it, work with the platform.
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
  return [
    ["MCP_CONFIG", quoteForShell(layout.operator.config)],
    ["METACIRCULAR_CA", quoteForShell(layout.authorityCertificate)],
    ["METACIRCULAR_RESOLVE", quoteForShell(curlResolve(sampleName, settings))],
    ["PATH", `${quoteForShell(join(host.checkout, "bin"))}:"$PATH"`],
    ...(containersConf === ""
      ? []
      : [["CONTAINERS_CONF", quoteForShell(containersConf)] as [string, string]]),
    ...(storageConf === ""
      ? []
      : [["CONTAINERS_STORAGE_CONF", quoteForShell(storageConf)] as [string, string]]),
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
