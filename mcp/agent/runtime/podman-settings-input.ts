import type { CreateOptions } from "./podman-create-command.ts";
import type { InspectedContainer, InspectedImage } from "./podman-output.ts";

/** The network that a container joins without asking for one, unless podman is configured otherwise. */
export const defaultNetwork = "podman";

/** What of a container and its image is read besides to tell what it was created with. */
export interface InspectedSettings extends InspectedContainer {
  readonly Path?: string;
  readonly Args?: readonly string[] | null;
  readonly Pod?: string;
  readonly Config: InspectedContainer["Config"] & {
    readonly Hostname?: string;
    readonly Tty?: boolean;
    readonly OpenStdin?: boolean;
    readonly WorkingDir?: string;
    readonly CreateCommand?: readonly string[] | null;
    readonly Healthcheck?: Healthcheck | null;
    readonly Secrets?: readonly { readonly Name?: string }[] | null;
  };
  readonly HostConfig?: InspectedContainer["HostConfig"] & InspectedHostConfig;
  readonly Mounts?: readonly InspectedMount[] | null;
}

export interface Healthcheck {
  readonly Test?: readonly string[] | null;
}

export interface InspectedHostConfig {
  readonly Init?: boolean;
  readonly AutoRemove?: boolean;
  readonly NetworkMode?: string;
  readonly PortBindings?: Readonly<
    Record<string, readonly { HostIp?: string; HostPort?: string }[] | null>
  > | null;
  readonly Privileged?: boolean;
  readonly ReadonlyRootfs?: boolean;
  readonly CapAdd?: readonly string[] | null;
  readonly CapDrop?: readonly string[] | null;
  readonly Devices?: readonly { readonly PathOnHost?: string }[] | null;
  readonly Dns?: readonly string[] | null;
  readonly DnsOptions?: readonly string[] | null;
  readonly DnsSearch?: readonly string[] | null;
  readonly ExtraHosts?: readonly string[] | null;
  readonly GroupAdd?: readonly string[] | null;
  readonly SecurityOpt?: readonly string[] | null;
  readonly Tmpfs?: Readonly<Record<string, string>> | null;
  readonly IpcMode?: string;
  readonly PidMode?: string;
  readonly UTSMode?: string;
  readonly UsernsMode?: string;
  readonly CgroupParent?: string;
  readonly Memory?: number;
  readonly MemoryReservation?: number;
  readonly NanoCpus?: number;
  readonly CpuQuota?: number;
  readonly CpuShares?: number;
  readonly CpusetCpus?: string;
  readonly PidsLimit?: number;
  readonly ShmSize?: number;
}

export interface InspectedMount {
  readonly Type?: string;
  readonly Name?: string;
  readonly Source?: string;
  readonly Destination?: string;
  readonly Options?: readonly string[] | null;
  readonly Propagation?: string;
  readonly Mode?: string;
  readonly RW?: boolean;
}

export interface ImageSettings extends InspectedImage {
  readonly RepoTags?: readonly string[] | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Healthcheck?: Healthcheck | null;
  readonly Config?: {
    readonly Env?: readonly string[] | null;
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly User?: string;
    readonly WorkingDir?: string;
  } | null;
}

/** What podman's answers are read into, for the parts of the settings. */
export interface SettingsInput {
  readonly container: InspectedSettings;
  /** Undefined where it is not here any more. */
  readonly image: ImageSettings | undefined;
  readonly options: CreateOptions;
}
