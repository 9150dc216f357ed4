/** The one door to containers. Nothing outside this folder knows which runtime is behind it. */

/** Labels on every container that MCP creates. */
export const labels = {
  service: "net.metacircular.mcp.service",
  component: "net.metacircular.mcp.component",
  node: "net.metacircular.mcp.node",
  /** Hash of the specification it was created from. */
  specHash: "net.metacircular.mcp.spec",
  /** Operation that created it. */
  operation: "net.metacircular.mcp.operation",
  /** Host ports of its routes as JSON, route name to port. */
  hostPorts: "net.metacircular.mcp.host-ports",
} as const;

export type ContainerState = "created" | "running" | "paused" | "stopping" | "exited" | "unknown";

/** A container as one listing shows it. */
export interface Container {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly state: ContainerState;
  /** 0 when it does not run. */
  readonly pid: number;
  /** Milliseconds since the epoch; 0: unknown or never. */
  readonly createdAtMs: number;
  readonly startedAtMs: number;
  readonly exitedAtMs: number;
  /** Meaningful when `state` is `exited`. */
  readonly exitCode: number;
  readonly labels: Readonly<Record<string, string>>;
  /** `address:host:container/protocol` */
  readonly ports: readonly string[];
  readonly networks: readonly string[];
}

/** What only an inspection of one container tells. */
export interface ContainerDetails extends Container {
  readonly outOfMemoryKilled: boolean;
  /** The runtime's own message about a failed start; may be empty. */
  readonly error: string;
  readonly restartCount: number;
  readonly imageDigest: string;
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly user: string;
  readonly restart: string;
  /** `source:destination[:options]` */
  readonly mounts: readonly string[];
  /** Address in its first network; empty when it has none or does not run. */
  readonly address: string;
}

/** What a container was created with, whoever created it, in the form of a request. What its image says by itself, and
 * what the runtime adds to every container, is left out. */
export interface ContainerSettings extends Pick<
  ContainerRequest,
  | "name"
  | "image"
  | "network"
  | "networkAliases"
  | "user"
  | "restart"
  | "ports"
  | "volumes"
  | "env"
  | "cmd"
  | "labels"
> {
  readonly id: string;
  readonly imageId: string;
  /** References that the image has now, each with a tag. */
  readonly imageNames: readonly string[];
  /** References of the image by digest: `repository@digest`. */
  readonly imageDigests: readonly string[];
  readonly state: ContainerState;
  /** The runtime removes it as soon as it ends. */
  readonly removedAtEnd: boolean;
  /** What else it was given and a request cannot say: a sentence for each, without the values of secrets. */
  readonly beyond: readonly string[];
}

/** How to create a container. Names of fields are those of the definition. */
export interface ContainerRequest {
  readonly name: string;
  readonly image: string;
  /** Empty: the runtime's default. */
  readonly network: string;
  /** Names under which others in the same user-defined network reach it. */
  readonly networkAliases: readonly string[];
  readonly user: string;
  /** Empty: `no`. */
  readonly restart: string;
  /** `[address:]host:container[/protocol]` */
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly env: readonly string[];
  readonly cmd: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly stopTimeoutS: number;
}

export interface Image {
  readonly id: string;
  /** Digest in the registry where it has one, else the local one. */
  readonly digest: string;
  /** All digests that it is known by in the repository it was asked for, of an index that it is a part of too, and its
   * local one. */
  readonly digests: readonly string[];
  /** e.g. `amd64`; empty: the image does not say. */
  readonly architecture: string;
  /** e.g. `linux`; empty: the image does not say. */
  readonly os: string;
  /** Digests of its layers without compression, the lowest first. */
  readonly layers: readonly string[];
}

export interface LogEntry {
  readonly timestampMs: number;
  readonly stream: "stdout" | "stderr";
  /** Without the line's end. */
  readonly text: string;
}

export interface ExecResult {
  readonly exitCode: number;
  /** Standard output and error together, bounded. */
  readonly output: string;
}

/** How the runtime is set up on this node. */
export interface RuntimeInfo {
  readonly version: string;
  /** It runs as an ordinary user. */
  readonly rootless: boolean;
  /** `v1` or `v2`. */
  readonly cgroupVersion: string;
  readonly cgroupControllers: readonly string[];
  readonly storageDriver: string;
  /** How many ids of users and groups containers without root have; meaningless with root. */
  readonly mappedUserIds: number;
  readonly mappedGroupIds: number;
}

/** Every call takes a signal, has a time limit of its own, and rejects with a DetailedError. */
export interface Runtime extends AsyncDisposable {
  readonly name: string;
  version(signal?: AbortSignal): Promise<string>;
  info(signal?: AbortSignal): Promise<RuntimeInfo>;
  /** All containers, also those that are not ours, in one call. */
  list(signal?: AbortSignal): Promise<Container[]>;
  /** Undefined when there is none of that id or name. */
  inspect(idOrName: string, signal?: AbortSignal): Promise<ContainerDetails | undefined>;
  /** Undefined when there is none of that id or name. */
  settings(idOrName: string, signal?: AbortSignal): Promise<ContainerSettings | undefined>;
  /** The local image of that reference or id, or undefined. Never goes to the network.
   * @param repository whose digests count, `registry/repository`; default: that of the reference */
  image(referenceOrId: string, signal?: AbortSignal, repository?: string): Promise<Image | undefined>;
  /** Makes sure the image is here: goes to the network only when it is missing, or with `refresh`. It logs in to the
   * registry that there is a login for.
   * @throws DetailedError IMAGE_NOT_FOUND, IMAGE_WRONG_PLATFORM, REGISTRY_DENIED, REGISTRY_UNTRUSTED,
   * REGISTRY_UNREACHABLE, REGISTRY_LOGIN_UNREADABLE, DISK_FULL */
  pull(reference: string, signal?: AbortSignal, options?: { readonly refresh: boolean }): Promise<Image>;
  /** Digests, without compression, of all layers of the images that are here. */
  imageLayers(signal?: AbortSignal): Promise<ReadonlySet<string>>;
  /** Takes in an image of an OCI archive (image-layout in a tar), under the names that it has there. Layers that are
   * here already need not be in it, where its manifest names them by their digests without compression. */
  loadImage(archive: () => AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>;
  /** Gives an image that is here a name, which another one may have had.
   * @param name with a tag */
  tagImage(id: string, name: string, signal?: AbortSignal): Promise<void>;
  /** Also true for the kinds of network that a runtime has by itself, such as `host`. */
  networkExists(name: string, signal?: AbortSignal): Promise<boolean>;
  /** Creates without starting and returns the id. */
  create(request: ContainerRequest, signal?: AbortSignal): Promise<string>;
  /** Returns once the runtime has started it; already running is success. */
  start(id: string, signal?: AbortSignal): Promise<void>;
  /** Asks it to end, kills it after its stop timeout; not running is success. */
  stop(id: string, signal?: AbortSignal): Promise<void>;
  rename(id: string, name: string, signal?: AbortSignal): Promise<void>;
  /** Removes it, killing it where it runs; absent is success. Its anonymous volumes go, too, unless they are kept. */
  remove(id: string, signal?: AbortSignal, options?: { readonly keepVolumes: boolean }): Promise<void>;
  /** Removes it unless it runs or is paused; absent is success.
   * @throws DetailedError COMPONENT_RUNNING */
  removeStopped(id: string, signal?: AbortSignal, options?: { readonly keepVolumes: boolean }): Promise<void>;
  exec(id: string, argv: readonly string[], timeoutMs: number, signal?: AbortSignal): Promise<ExecResult>;
  /** Oldest first. With `follow` it ends when the container is removed or the signal aborts. */
  logs(
    id: string,
    options: { follow: boolean; tail?: number; sinceMs?: number },
    signal?: AbortSignal,
  ): AsyncIterable<LogEntry>;
  /** Directory of this node that holds its images and containers. */
  storageDirectory(signal?: AbortSignal): Promise<string>;
  /** Directories in which something changes when a container ends; empty: none can be watched. */
  exitDirectories(signal?: AbortSignal): Promise<readonly string[]>;
}
