import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { join } from "node:path";
import type { Host } from "../platform.ts";
import { readIfPresent } from "../store/read-if-present.ts";
import type { Settings } from "../store/settings.ts";

/** Which configuration podman runs with: the one chosen before; else what the environment names; else what
 * scripts/setup-podman wrote for a machine on which podman's own configuration does not work. */
export async function choosePodmanSettings(
  before: Settings["podman"] | undefined,
  host: Pick<Host, "user">,
  environment: Environment,
): Promise<Settings["podman"]> {
  if (before !== undefined && before.containersConf !== "") return before;
  const containersConf = environment["CONTAINERS_CONF"];
  const storageConf = environment["CONTAINERS_STORAGE_CONF"] ?? "";
  if (containersConf !== undefined && containersConf !== "") return { containersConf, storageConf };
  const directory = preparedDirectory(host, environment);
  const prepared = await readIfPresent(join(directory, "env"));
  const named = (variable: string, file: string): string | undefined =>
    prepared?.includes(`export ${variable}=`) === true ? join(directory, file) : undefined;
  return {
    containersConf: named("CONTAINERS_CONF", "containers.conf") ?? "",
    storageConf: named("CONTAINERS_STORAGE_CONF", "storage.conf") ?? storageConf,
  };
}

/** Where scripts/setup-podman writes. */
function preparedDirectory({ user }: Pick<Host, "user">, environment: Environment): string {
  if (user.uid === 0) return "/var/lib/mcp-podman";
  const xdg = environment["XDG_STATE_HOME"] ?? "";
  return join(xdg === "" ? join(user.home, ".local", "state") : xdg, "mcp-podman");
}
