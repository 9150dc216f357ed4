import type { Container, ContainerDetails, ContainerState, Image } from "./runtime.ts";

/* Types say what we read; podman 4 and 5 write some fields differently, and Go writes an empty list as null. */

interface ListedPort {
  readonly host_ip?: string;
  readonly host_port: number;
  readonly container_port: number;
  readonly protocol?: string;
  readonly range?: number;
}

export interface ListedContainer {
  readonly Id: string;
  readonly Names?: readonly string[] | null;
  readonly Image?: string;
  readonly ImageID?: string;
  readonly State?: string;
  readonly Pid?: number;
  /** RFC 3339, or seconds since the epoch. */
  readonly Created?: string | number;
  readonly StartedAt?: string | number;
  readonly ExitedAt?: string | number;
  readonly ExitCode?: number;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Ports?: readonly ListedPort[] | null;
  readonly Networks?: readonly string[] | null;
}

export function parseListed(listed: ListedContainer): Container {
  const state = parseState(listed.State);
  return {
    id: listed.Id,
    name: listed.Names?.[0] ?? "",
    image: listed.Image ?? "",
    imageId: bareId(listed.ImageID),
    state,
    pid: livingPid(state, listed.Pid),
    createdAtMs: parseTime(listed.Created),
    startedAtMs: parseTime(listed.StartedAt),
    exitedAtMs: state === "exited" ? parseTime(listed.ExitedAt) : 0,
    exitCode: state === "exited" ? (listed.ExitCode ?? 0) : 0,
    labels: listed.Labels ?? {},
    ports: (listed.Ports ?? []).flatMap(formatListedPort),
    networks: listed.Networks ?? [],
  };
}

interface InspectedMount {
  readonly Type?: string;
  readonly Name?: string;
  readonly Source?: string;
  readonly Destination?: string;
  readonly RW?: boolean;
}

export interface InspectedContainer {
  readonly Id: string;
  readonly Name: string;
  readonly Created?: string;
  readonly Image?: string;
  readonly ImageName?: string;
  readonly ImageDigest?: string;
  readonly RestartCount?: number;
  readonly State: {
    readonly Status?: string;
    readonly Pid?: number;
    readonly OOMKilled?: boolean;
    readonly ExitCode?: number;
    readonly Error?: string;
    readonly StartedAt?: string;
    readonly FinishedAt?: string;
  };
  readonly Config: {
    readonly Cmd?: readonly string[] | null;
    readonly Env?: readonly string[] | null;
    readonly User?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly StopTimeout?: number;
  };
  readonly HostConfig?: {
    readonly RestartPolicy?: { readonly Name?: string; readonly MaximumRetryCount?: number } | null;
    readonly LogConfig?: { readonly Type?: string; readonly Path?: string } | null;
  };
  readonly Mounts?: readonly InspectedMount[] | null;
  readonly NetworkSettings?: {
    readonly IPAddress?: string;
    readonly Ports?: Readonly<
      Record<string, readonly { HostIp?: string; HostPort?: string }[] | null>
    > | null;
    readonly Networks?: Readonly<
      Record<string, { readonly IPAddress?: string; readonly Aliases?: readonly string[] | null }>
    > | null;
  } | null;
}

export function parseInspected(inspected: InspectedContainer): ContainerDetails {
  return {
    id: inspected.Id,
    name: inspected.Name,
    image: inspected.ImageName ?? "",
    imageId: bareId(inspected.Image),
    imageDigest: inspected.ImageDigest ?? "",
    createdAtMs: parseTime(inspected.Created),
    restartCount: inspected.RestartCount ?? 0,
    restart: formatRestart(inspected.HostConfig?.RestartPolicy),
    mounts: (inspected.Mounts ?? []).map(formatMount),
    ...parseInspectedState(inspected.State),
    ...parseConfig(inspected.Config),
    ...parseNetworks(inspected.NetworkSettings),
  };
}

type StateFields =
  | "state"
  | "pid"
  | "startedAtMs"
  | "exitedAtMs"
  | "exitCode"
  | "outOfMemoryKilled"
  | "error";

function parseInspectedState(inspected: InspectedContainer["State"]): Pick<ContainerDetails, StateFields> {
  const state = parseState(inspected.Status);
  return {
    state,
    pid: livingPid(state, inspected.Pid),
    startedAtMs: parseTime(inspected.StartedAt),
    exitedAtMs: state === "exited" ? parseTime(inspected.FinishedAt) : 0,
    exitCode: state === "exited" ? (inspected.ExitCode ?? 0) : 0,
    outOfMemoryKilled: inspected.OOMKilled ?? false,
    error: inspected.Error ?? "",
  };
}

function parseConfig(
  config: InspectedContainer["Config"],
): Pick<ContainerDetails, "labels" | "command" | "env" | "user"> {
  return {
    labels: config.Labels ?? {},
    command: config.Cmd ?? [],
    env: config.Env ?? [],
    user: config.User ?? "",
  };
}

function parseNetworks(
  settings: InspectedContainer["NetworkSettings"],
): Pick<ContainerDetails, "ports" | "networks" | "address"> {
  const networks = Object.entries(settings?.Networks ?? {});
  return {
    ports: Object.entries(settings?.Ports ?? {}).flatMap(([port, bindings]) =>
      (bindings ?? []).map((binding) => `${formatAddress(binding.HostIp)}:${binding.HostPort ?? ""}:${port}`),
    ),
    // HostConfig.NetworkMode says "bridge" for every user-defined network.
    networks: networks.map(([name]) => name),
    address: networks[0]?.[1].IPAddress ?? settings?.IPAddress ?? "",
  };
}

export interface InspectedImage {
  readonly Id: string;
  readonly Digest?: string;
  readonly RepoDigests?: readonly string[] | null;
  readonly Architecture?: string;
  readonly Os?: string;
  readonly RootFS?: { readonly Layers?: readonly string[] | null } | null;
}

/** A pushed image has another digest in the registry than here: the one recorded for the reference's
 * repository counts, and the local one only where there is none. */
export function parseImage(
  inspected: InspectedImage,
  reference: string,
  options: { readonly repository?: string | undefined; readonly version?: string } = {},
): Image {
  const { repository = repositoryOf(reference), version = "" } = options;
  const named = (inspected.RepoDigests ?? [])
    .filter((each) => each.startsWith(`${repository}@`))
    .map((each) => each.slice(repository.length + 1));
  const shown = inspected.Digest ?? "";
  return {
    id: bareId(inspected.Id),
    digest: askedFor(reference, named) ?? ofRegistry(named, shown, version) ?? shown,
    digests: [...new Set([...named, shown])].filter((digest) => digest !== ""),
    architecture: inspected.Architecture ?? "",
    os: inspected.Os ?? "",
    layers: inspected.RootFS?.Layers ?? [],
  };
}

/** Of an image that was here under one digest and then came from a registry under another, podman records both for
 * every name. The one that it shows is the first in podman 4, and the last in podman 5. */
function ofRegistry(named: readonly string[], shown: string, version: string): string | undefined {
  const showsLast = Number.parseInt(version, 10) >= 5;
  const found = named.find((digest) => (digest === shown) === showsLast);
  return found ?? named[0];
}

/** Of an image with several digests, the one that it was asked for by. */
function askedFor(reference: string, named: readonly string[]): string | undefined {
  const digest = reference.split("@")[1];
  return named.find((each) => each === digest);
}

function repositoryOf(reference: string): string {
  return (reference.split("@", 1)[0] ?? "").replace(/:[^:/]+$/, "");
}

const states: Readonly<Record<string, ContainerState>> = {
  configured: "created",
  created: "created",
  initialized: "created",
  running: "running",
  paused: "paused",
  stopping: "stopping",
  stopped: "exited",
  exited: "exited",
};

function parseState(text: string | undefined): ContainerState {
  return states[text ?? ""] ?? "unknown";
}

/** Podman keeps the last PID of a container that is stopping or has lost its monitor. */
function livingPid(state: ContainerState, pid: number | undefined): number {
  return state === "running" || state === "paused" ? Math.max(pid ?? 0, 0) : 0;
}

/** RFC 3339 or seconds since the epoch; Go's zero time, which lies before the epoch, is 0. */
function parseTime(time: string | number | undefined): number {
  const timeMs = typeof time === "number" ? time * 1000 : Date.parse(time ?? "");
  return Number.isFinite(timeMs) && timeMs > 0 ? timeMs : 0;
}

function bareId(id: string | undefined): string {
  return (id ?? "").replace(/^sha256:/, "");
}

function formatListedPort(port: ListedPort): string[] {
  return Array.from({ length: Math.max(port.range ?? 1, 1) }, (_, index) => {
    const ports = `${port.host_port + index}:${port.container_port + index}`;
    return `${formatAddress(port.host_ip)}:${ports}/${port.protocol ?? "tcp"}`;
  });
}

function formatAddress(address: string | undefined): string {
  if (address === undefined || address === "") return "0.0.0.0";
  return address.includes(":") ? `[${address}]` : address;
}

function formatRestart(policy: { Name?: string; MaximumRetryCount?: number } | null | undefined): string {
  const name = policy?.Name ?? "";
  const count = policy?.MaximumRetryCount ?? 0;
  if (name === "") return "no";
  return name === "on-failure" && count > 0 ? `${name}:${count}` : name;
}

function formatMount(mount: InspectedMount): string {
  const source = mount.Type === "volume" ? mount.Name : mount.Source;
  return `${source ?? ""}:${mount.Destination ?? ""}${mount.RW === false ? ":ro" : ""}`;
}
