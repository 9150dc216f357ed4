import { isUserNetwork, logSizeBytes } from "./podman-spec.ts";
import type { ContainerRequest } from "./runtime.ts";

/** The command that an operator would type to create the same container. It names the variables of the
 * environment without their values, which podman then takes from the caller's: a log shows no secret. */
export function createCommand(request: ContainerRequest): string[] {
  const each = (flag: string, values: readonly string[]): string[] =>
    values.flatMap((value) => [flag, value]);
  const optional = (flag: string, value: string): string[] => (value === "" ? [] : [flag, value]);
  return [
    "podman",
    "create",
    ...["--name", request.name],
    "--init",
    ...["--stop-timeout", String(request.stopTimeoutS)],
    ...["--log-driver", "k8s-file", "--log-opt", `max-size=${logSizeBytes}`],
    ...["--restart", request.restart === "" ? "no" : request.restart],
    ...optional("--network", request.network),
    ...(isUserNetwork(request.network) ? each("--network-alias", request.networkAliases) : []),
    ...optional("--user", request.user),
    ...each("--publish", request.ports),
    ...each("--volume", request.volumes),
    ...each(
      "--env",
      request.env.map((entry) => entry.split("=", 1)[0] ?? ""),
    ),
    ...each(
      "--label",
      Object.entries(request.labels).map(([name, value]) => `${name}=${value}`),
    ),
    request.image,
    ...request.cmd,
  ];
}

/** The words as one line that a shell reads back as the same words. */
export function shellLine(words: readonly string[]): string {
  return words.map(quote).join(" ");
}

function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
