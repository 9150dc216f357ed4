import { composeProject, isComposeLabel } from "@metacircular/mcp-core/adoption-candidates.ts";
import type { CreateOptions } from "./podman-create-command.ts";
import type { Healthcheck, InspectedHostConfig, SettingsInput } from "./podman-settings-input.ts";
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
  const networks = Object.entries(container.NetworkSettings?.Networks ?? {});
  const others = networks.map(([name]) => name).filter((name) => name !== network);
  const isDefault = network === "" && others.length === 1;
  return [
    ...(isDefault ? [] : named("network", others)),
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

const usualPidsLimits = new Set([0, -1, 2048]);
const usualShmBytes = new Set([0, 65_536_000]);

function limits(host: InspectedHostConfig): string[] {
  const { Memory: memory = 0, MemoryReservation: reservation = 0, NanoCpus: nanoCpus = 0 } = host;
  const { CpuShares: shares = 0, CpusetCpus: cpus = "", PidsLimit: pids = 0, ShmSize: shm = 0 } = host;
  return [
    ...(memory > 0 ? [`memory limit of ${memory} bytes`] : []),
    ...(reservation > 0 ? [`memory reservation of ${reservation} bytes`] : []),
    ...(nanoCpus > 0 ? [`limit of ${nanoCpus / 1e9} processors`] : []),
    ...(shares > 0 ? [`${shares} processor shares`] : []),
    ...named("processors", cpus === "" ? [] : [cpus]),
    ...(usualPidsLimits.has(pids) ? [] : [`limit of ${pids} processes`]),
    ...(usualShmBytes.has(shm) ? [] : [`shared memory of ${shm} bytes`]),
    ...named("parent cgroup", host.CgroupParent === undefined ? [] : [host.CgroupParent]),
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
  ...["--annotation", "--device-cgroup-rule", "--env-host", "--gpus", "--oom-score-adj", "--passwd-entry"],
  ...["--requires", "--rootfs", "--sdnotify", "--stop-signal", "--sysctl", "--systemd", "--timeout", "--tz"],
  ...["--ulimit", "--umask", "--unsetenv", "--unsetenv-all"],
];

function rest(options: CreateOptions): string[] {
  const images = options.values("--mount").filter((value) => value.includes("type=image"));
  return [
    ...restOptions.flatMap((option) => options.values(option).map((value) => `${option} ${value}`.trim())),
    ...images.map((value) => `--mount ${value}`),
  ];
}

function named(what: string, values: readonly string[] | null | undefined): string[] {
  const present = (values ?? []).filter((value) => value !== "");
  return present.length === 0 ? [] : [`${what} ${present.join(", ")}`];
}
