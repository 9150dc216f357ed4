import { parsePort, parseVolume } from "./podman-mappings.ts";
import type { ContainerRequest } from "./runtime.ts";

/** Largest log of one container; its runtime starts over beyond that, so that no container fills the disk. */
export const logSizeBytes = 100 * 1024 * 1024;

/** The body of podman's container creation, of which only the fields that we set. */
export interface PodmanSpec {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly init: true;
  readonly stop_timeout: number;
  readonly restart_policy: string;
  readonly restart_tries?: number;
  readonly netns?: { readonly nsmode: string; readonly value?: string };
  readonly networks?: Readonly<Record<string, { readonly aliases: readonly string[] }>>;
  readonly portmappings: readonly object[];
  readonly mounts: readonly object[];
  readonly volumes: readonly object[];
  readonly log_configuration: { readonly driver: string; readonly size: number };
}

/** @throws DetailedError CONTAINER_INVALID for a port or volume that cannot be read */
export function containerSpec(request: ContainerRequest): PodmanSpec {
  return {
    name: request.name,
    image: request.image,
    ...(request.cmd.length === 0 ? {} : { command: request.cmd }),
    env: environmentOf(request.env),
    labels: request.labels,
    ...(request.user === "" ? {} : { user: request.user }),
    // A first process that ignores SIGTERM would cost the whole stop timeout; this one forwards it and reaps.
    init: true,
    stop_timeout: request.stopTimeoutS,
    ...restartPolicy(request.restart),
    ...networkOf(request),
    portmappings: request.ports.map(parsePort).map((port) => ({
      host_ip: port.hostAddress,
      host_port: port.hostPort,
      container_port: port.containerPort,
      protocol: port.protocol,
      range: port.count,
    })),
    ...storageOf(request.volumes),
    log_configuration: { driver: "k8s-file", size: logSizeBytes },
  };
}

function environmentOf(env: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    env.map((entry) => {
      const [name = ""] = entry.split("=", 1);
      return [name, entry.slice(name.length + 1)];
    }),
  );
}

function restartPolicy(restart: string): Pick<PodmanSpec, "restart_policy" | "restart_tries"> {
  const [policy = "", tries] = restart.split(":");
  return {
    restart_policy: policy === "" ? "no" : policy,
    ...(tries === undefined ? {} : { restart_tries: Number(tries) }),
  };
}

/** Modes that are no user-defined network; some carry a value after a colon. */
const networkModes = new Set([
  "host",
  "none",
  "private",
  "bridge",
  "slirp4netns",
  "pasta",
  "container",
  "ns",
]);

/** Whether the network is one that has to exist by that name. */
export function isUserNetwork(network: string): boolean {
  return network !== "" && !networkModes.has(network.split(":", 1)[0] ?? "");
}

function networkOf(request: ContainerRequest): Pick<PodmanSpec, "netns" | "networks"> {
  if (request.network === "") return {};
  if (isUserNetwork(request.network)) {
    return {
      netns: { nsmode: "bridge" },
      networks: { [request.network]: { aliases: request.networkAliases } },
    };
  }
  const [mode = ""] = request.network.split(":", 1);
  const value = request.network.slice(mode.length + 1);
  const nsmode = mode === "ns" ? "path" : mode;
  return { netns: value === "" ? { nsmode } : { nsmode, value } };
}

function storageOf(volumes: readonly string[]): Pick<PodmanSpec, "mounts" | "volumes"> {
  const parsed = volumes.map(parseVolume);
  return {
    mounts: parsed
      .filter((volume) => volume.kind === "bind")
      .map(({ source, destination, options }) => ({ type: "bind", source, destination, options })),
    volumes: parsed
      .filter((volume) => volume.kind !== "bind")
      .map(({ source, destination, options }) => ({ Name: source, Dest: destination, Options: options })),
  };
}
