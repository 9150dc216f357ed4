import { composeProject, isComposeLabel } from "@metacircular/mcp-core/adoption-candidates.ts";
import type { CreateOptions } from "./podman-create-command.ts";
import {
  defaultNetwork,
  type Healthcheck,
  type InspectedHostConfig,
  type SettingsInput,
} from "./podman-settings-input.ts";
import { labels as ours } from "./runtime.ts";

/** What a container has and a request for one cannot say, a sentence for each. Labels and secrets are named without
 * their values. */
export function beyondRequest({ container, image, options }: SettingsInput, network: string): string[] {
  const host = container.HostConfig ?? {};
  return [
    ...(container.Pod === undefined || container.Pod === "" ? [] : [`pod ${container.Pod.slice(0, 12)}`]),
    ...beyondNetwork({ container, image, options }, network),
    ...beyondProcess({ container, image, options }),
    ...privileges(host),
    ...limits(host),
    ...named("namespace", namespaces(host)),
    ...Object.keys(host.Tmpfs ?? {}).map((path) => `tmpfs at ${path}`),
    ...(container.Config.Secrets ?? []).map(({ Name: name = "" }) => `secret ${name}`),
    ...logDriver(host.LogConfig?.Type ?? ""),
    ...labelsOf({ ...container.Config.Labels }, { ...image?.Labels }),
    ...rest(options),
  ];
}

function beyondNetwork({ container, options }: SettingsInput, network: string): string[] {
  const { Hostname: hostname = "" } = container.Config;
  const host = container.HostConfig ?? {};
  const carried = network === "" ? defaultNetwork : network;
  const others = Object.keys(container.NetworkSettings?.Networks ?? {}).filter((name) => name !== carried);
  const detailed = options
    .values("--network", "--net")
    .filter((value) => /^(?!container:|ns:).*:/.test(value));
  return [
    ...named("network", others),
    ...detailed.map((value) => `--network ${value}`),
    ...(network === "host" || hostname === container.Id.slice(0, 12) ? [] : named("host name", [hostname])),
    ...named("host entry", host.ExtraHosts),
    ...named("name server", host.Dns),
    ...named("name server option", host.DnsOptions),
    ...named("search domain", host.DnsSearch),
    ...["--ip", "--ip6", "--mac-address"].flatMap((option) => named(option.slice(2), options.values(option))),
  ];
}

function beyondProcess({ container: { Config: config }, image }: SettingsInput): string[] {
  const { WorkingDir: directory = "", StopTimeout: stopTimeoutS = 10 } = config;
  const own = image?.Config?.WorkingDir ?? "";
  return [
    ...(directory === (own === "" ? "/" : own) ? [] : named("working directory", [directory])),
    ...(stopTimeoutS === 10 ? [] : [`stop timeout of ${stopTimeoutS} s`]),
    ...(config.Tty === true ? ["terminal (--tty)"] : []),
    ...(config.OpenStdin === true ? ["open standard input (--interactive)"] : []),
    ...healthOf(config.Healthcheck, image?.Healthcheck),
  ];
}

function healthOf(check: Healthcheck | null | undefined, own: Healthcheck | null | undefined): string[] {
  const test = JSON.stringify(check?.Test ?? []);
  if (test === "[]" || test === JSON.stringify(own?.Test ?? [])) return [];
  return ["podman's health check: say it as [components.health] instead"];
}

function privileges(host: InspectedHostConfig): string[] {
  if (host.Privileged === true) return ["all privileges (--privileged)"];
  return [
    ...named("capability", host.CapAdd),
    ...named("dropped capability", host.CapDrop),
    ...named(
      "device",
      host.Devices?.map(({ PathOnHost: path = "" }) => path),
    ),
    ...named("supplementary group", host.GroupAdd),
    ...named("security option", host.SecurityOpt),
    ...(host.ReadonlyRootfs === true ? ["read-only file system (--read-only)"] : []),
  ];
}

/** What podman gives to every container counts as no limit. */
const quantities: readonly {
  read: (host: InspectedHostConfig) => number | undefined;
  usual?: number;
  say: (value: number) => string;
}[] = [
  { read: (host) => host.Memory, say: (bytes) => `memory limit of ${bytes} bytes` },
  { read: (host) => host.MemoryReservation, say: (bytes) => `memory reservation of ${bytes} bytes` },
  { read: (host) => host.NanoCpus, say: (nano) => `limit of ${nano / 1e9} processors` },
  {
    read: (host) => ((host.NanoCpus ?? 0) > 0 ? 0 : host.CpuQuota),
    say: (quota) => `processor quota of ${quota} µs`,
  },
  { read: (host) => host.CpuShares, say: (shares) => `${shares} processor shares` },
  { read: (host) => host.PidsLimit, usual: 2048, say: (count) => `limit of ${count} processes` },
  { read: (host) => host.ShmSize, usual: 65_536_000, say: (bytes) => `shared memory of ${bytes} bytes` },
];

function limits(host: InspectedHostConfig): string[] {
  return [
    ...quantities.flatMap(({ read, usual, say }) => {
      const value = read(host) ?? 0;
      return value > 0 && value !== usual ? [say(value)] : [];
    }),
    ...named("processors", [host.CpusetCpus ?? ""]),
    ...named("parent cgroup", [host.CgroupParent ?? ""]),
  ];
}

function namespaces({ IpcMode, PidMode, UTSMode, UsernsMode }: InspectedHostConfig): string[] {
  const usual = new Set(["", "private", "shareable"]);
  return Object.entries({ ipc: IpcMode, pid: PidMode, uts: UTSMode, user: UsernsMode })
    .filter(([, mode = ""]) => !usual.has(mode))
    .map(([kind, mode]) => `${kind}=${mode}`);
}

function logDriver(driver: string): string[] {
  return driver === "" || driver === "k8s-file" ? [] : [`log driver ${driver}`];
}

const systemdLabel = "PODMAN_SYSTEMD_UNIT";

function labelsOf(labels: Readonly<Record<string, string>>, own: Readonly<Record<string, string>>): string[] {
  const project = composeProject(labels);
  const unit = labels[systemdLabel];
  const mcp: readonly string[] = Object.values(ours);
  const others = Object.entries(labels)
    .filter(([name, value]) => own[name] !== value && name !== systemdLabel && !isComposeLabel(name))
    .map(([name]) => name)
    .filter((name) => !mcp.includes(name));
  return [
    ...(project === undefined ? [] : [`compose project ${project}: stop using compose for it`]),
    // Podman-compose names a unit whether there is one or not.
    ...(unit === undefined || unit.startsWith("podman-compose@")
      ? []
      : [`systemd unit ${unit}: disable it, or it goes on starting and stopping the container`]),
    ...named("label", others),
  ];
}

/** Options that podman's answer shows nowhere else. */
const restOptions = [
  ...[
    "--annotation",
    "--blkio-weight",
    "--cpu-period",
    "--cpuset-mems",
    "--device-cgroup-rule",
    "--device-read-bps",
  ],
  ...["--device-write-bps", "--env-host", "--gpus", "--memory-swap", "--memory-swappiness", "--no-hosts"],
  ...["--oom-kill-disable", "--oom-score-adj", "--passwd-entry", "--personality", "--requires", "--rootfs"],
  ...["--sdnotify", "--stop-signal", "--sysctl", "--systemd", "--timeout", "--tz", "--ulimit", "--umask"],
  ...["--unsetenv", "--unsetenv-all"],
];

function rest(options: CreateOptions): string[] {
  const overlays = options.values("--volume", "-v").filter((value) => isOverlay(value.split(":")[2] ?? ""));
  return [
    ...restOptions.flatMap((option) => options.values(option).map((value) => `${option} ${value}`.trim())),
    ...overlays.map((value) => `--volume ${value}`),
  ];
}

/** What is written there is thrown away; podman does not list it among the mounts. */
function isOverlay(options: string): boolean {
  return options.split(",").includes("O");
}

function named(what: string, values: readonly string[] | null | undefined): string[] {
  const present = (values ?? []).filter((value) => value !== "");
  return present.length === 0 ? [] : [`${what} ${present.join(", ")}`];
}
