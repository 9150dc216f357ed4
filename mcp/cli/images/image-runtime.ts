/** What builds and pushes images on the machine where `mcp` runs. */
export interface ImageRuntime {
  /** Builds an image without a name. One that cannot be built leaves nothing behind; neither does one that is cancelled.
   * @throws DetailedError IMAGE_BUILD_FAILED with the last lines of the build, PODMAN_UNUSABLE, CANCELLED */
  build(request: BuildRequest): Promise<BuiltImage>;
  /** Gives an image its name in the local store.
   * @throws DetailedError PODMAN_UNUSABLE, CANCELLED */
  name(id: string, image: string, signal: AbortSignal): Promise<void>;
  /** Copies an image of the local store to the registry in the name that it is to have.
   * @returns digest of the manifest in the registry
   * @throws DetailedError IMAGE_PUSH_FAILED, REGISTRY_DENIED, REGISTRY_UNREACHABLE, TLS_FAILED, PODMAN_UNUSABLE,
   * CANCELLED */
  push(request: PushRequest): Promise<string>;
  /** Whether the local store has an image of that name.
   * @throws DetailedError PODMAN_UNUSABLE */
  imageExists(image: string, signal: AbortSignal): Promise<boolean>;
}

export interface BuildRequest {
  /** Reference that the result is for. */
  readonly image: string;
  /** Absolute path of the directory that instructions copy from. */
  readonly directory: string;
  /** Absolute path. */
  readonly dockerfile: string;
  /** `linux/amd64`, `linux/arm64` */
  readonly platform: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Values of `ARG`. They are in no argument list. */
  readonly buildArguments: Readonly<Record<string, string>>;
  /** As `podman build --secret` takes them, e.g. `id=npm,src=/home/kyle/.npmrc`. */
  readonly secrets: readonly string[];
  /** Of all files in the image and of the image itself, in seconds since the epoch; undefined: as they come. */
  readonly timestampS: number | undefined;
  /** Runs every instruction again. */
  readonly noCache: boolean;
  /** Asks registries for newer base images. */
  readonly pull: boolean;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface BuiltImage {
  /** Of the image's configuration, as the local store names it. */
  readonly id: string;
  /** Instructions, and how many of them were taken from the cache. */
  readonly steps: number;
  readonly cachedSteps: number;
}

export interface PushRequest {
  readonly id: string;
  readonly image: string;
  /** Undefined: what `podman login` stored is used. */
  readonly login: PushLogin | undefined;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

/** How to get into a registry of ours. */
export interface PushLogin {
  /** `host[:port]` */
  readonly address: string;
  readonly username: string;
  /** Or a token in its place. */
  readonly password: string;
  /** PEM file of the authority of its certificate; undefined: the well-known ones. */
  readonly caFile: string | undefined;
}
