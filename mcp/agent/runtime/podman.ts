import { isUserNetwork } from "./podman-spec.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { RegistryLogin } from "../images/registry-login.ts";
import * as calls from "./podman-calls.ts";
import { type PodmanCall, PodmanClient } from "./podman-client.ts";
import { podmanError } from "./podman-errors.ts";
import { runCommand } from "./podman-exec.ts";
import { findExitDirectory } from "./podman-exits.ts";
import { createPodmanImages, type PodmanImages } from "./podman-images.ts";
import { parseInfo, type PodmanInfo } from "./podman-info.ts";
import { Limiter } from "./podman-limiter.ts";
import { readLogs } from "./podman-logs.ts";
import {
  type InspectedContainer,
  type ListedContainer,
  parseInspected,
  parseListed,
} from "./podman-output.ts";
import type { Environment } from "./podman-process.ts";
import { openPodmanService } from "./podman-service.ts";
import { startContainer } from "./podman-start.ts";
import { stopContainer, type StopContext } from "./podman-stop.ts";
import { parseSettings } from "./podman-settings.ts";
import type { InspectedSettings } from "./podman-settings-input.ts";
import type {
  Container,
  ContainerDetails,
  ContainerRequest,
  ContainerSettings,
  ExecResult,
  Image,
  LogEntry,
  Runtime,
  RuntimeInfo,
} from "./runtime.ts";

/** More at once make podman's store slower, not faster. */
const maxChanges = 4;
const removeAttempts = 6;
const removePauseMs = 250;

export interface PodmanOptions {
  /** Empty or absent: systemd's socket where it answers, else a service of our own. */
  readonly socket?: string;
  /** How long a configured socket may take to answer. Default: it has to at once. */
  readonly patienceMs?: number;
  /** For the socket and the messages of a service of our own. */
  readonly stateDirectory: string;
  readonly environment: Environment;
  /** Undefined: nobody is logged in by the agent. */
  readonly registryLogin?: RegistryLogin | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Connects to podman, starting its API service where none answers.
 * @throws DetailedError RUNTIME_UNAVAILABLE */
export async function openPodman(options: PodmanOptions): Promise<Runtime> {
  const service = await openPodmanService(options);
  return new PodmanRuntime(new PodmanClient(service, options.logger, options.clock), options);
}

class PodmanRuntime implements Runtime {
  readonly name = "podman";
  readonly #client: PodmanClient;
  readonly #clock: Clock;
  readonly #environment: Environment;
  readonly #logger: Logger;
  readonly #images: PodmanImages;
  readonly #changes = new Limiter(maxChanges);
  #exitDirectory: string | undefined;
  #storageDirectory: Promise<string> | undefined;

  constructor(client: PodmanClient, options: PodmanOptions) {
    this.#client = client;
    this.#clock = options.clock;
    this.#environment = options.environment;
    this.#logger = options.logger;
    this.#images = createPodmanImages(client, options);
  }

  async version(signal?: AbortSignal): Promise<string> {
    return (await this.#client.readJson<{ readonly Version: string }>(calls.versionCall(), signal)).Version;
  }

  async info(signal?: AbortSignal): Promise<RuntimeInfo> {
    return parseInfo(await this.#info(signal));
  }

  async list(signal?: AbortSignal): Promise<Container[]> {
    const listed = await this.#client.readJson<ListedContainer[] | null>(calls.listCall(), signal);
    return (listed ?? []).map(parseListed);
  }

  async inspect(idOrName: string, signal?: AbortSignal): Promise<ContainerDetails | undefined> {
    const inspected = await this.#inspect(idOrName, signal);
    return inspected === undefined ? undefined : parseInspected(inspected);
  }

  async settings(idOrName: string, signal?: AbortSignal): Promise<ContainerSettings | undefined> {
    const inspected: InspectedSettings | undefined = await this.#inspect(idOrName, signal);
    if (inspected === undefined) return undefined;
    return parseSettings(inspected, await this.#images.inspect(inspected.Image ?? "", signal));
  }

  image(referenceOrId: string, signal?: AbortSignal, repository?: string): Promise<Image | undefined> {
    return this.#images.image(referenceOrId, signal, repository);
  }

  pull(reference: string, signal?: AbortSignal, options?: { readonly refresh: boolean }): Promise<Image> {
    return this.#images.pull(reference, signal, options);
  }

  imageLayers(signal?: AbortSignal): Promise<ReadonlySet<string>> {
    return this.#images.layers(signal);
  }

  loadImage(archive: () => AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
    return this.#images.load(archive, signal);
  }

  tagImage(id: string, name: string, signal?: AbortSignal): Promise<void> {
    return this.#images.tag(id, name, signal);
  }

  async networkExists(name: string, signal?: AbortSignal): Promise<boolean> {
    if (!isUserNetwork(name)) return true;
    return (await this.#client.read(calls.networkCall(name), signal)).status !== 404;
  }

  async create(request: ContainerRequest, signal?: AbortSignal): Promise<string> {
    const call = calls.createCall(request);
    return this.#changes.run(async () => {
      signal?.throwIfAborted();
      const { text } = await this.#client.change(call);
      const { Id: id } = JSON.parse(text) as { readonly Id: string };
      if (signal?.aborted === true) await this.#remove(calls.removeCall(id));
      signal?.throwIfAborted();
      return id;
    });
  }

  async start(id: string, signal?: AbortSignal): Promise<void> {
    await this.#changes.run(async () => {
      signal?.throwIfAborted();
      await startContainer({ client: this.#client, clock: this.#clock, logger: this.#logger }, id, signal);
      signal?.throwIfAborted();
    });
  }

  async stop(id: string, signal?: AbortSignal): Promise<void> {
    const context = { client: this.#client, clock: this.#clock, logger: this.#logger };
    const inspect: StopContext["inspect"] = (id, signal) => this.#inspect(id, signal);
    await stopContainer({ ...context, inspect }, id, signal);
  }

  async rename(id: string, name: string, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await this.#client.change(calls.renameCall(id, name));
    signal?.throwIfAborted();
  }

  async remove(id: string, signal?: AbortSignal, options = { keepVolumes: false }): Promise<void> {
    signal?.throwIfAborted();
    await this.#remove(calls.removeCall(id, options));
    signal?.throwIfAborted();
  }

  async removeStopped(id: string, signal?: AbortSignal, options = { keepVolumes: false }): Promise<void> {
    signal?.throwIfAborted();
    const failure = await this.#tryRemove(calls.removeStoppedCall(id, options));
    if (failure !== undefined) throw failure;
    signal?.throwIfAborted();
  }

  async exec(
    id: string,
    argv: readonly string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<ExecResult> {
    const context = { client: this.#client, environment: this.#environment, logger: this.#logger };
    return runCommand(context, id, argv, timeoutMs, signal);
  }

  logs(
    id: string,
    options: { follow: boolean; tail?: number; sinceMs?: number },
    signal?: AbortSignal,
  ): AsyncIterable<LogEntry> {
    return readLogs(this.#client, id, options, this.#clock, signal);
  }

  async storageDirectory(signal?: AbortSignal): Promise<string> {
    // Podman takes long to find out, and after a reboot many want to know at once.
    this.#storageDirectory ??= this.#findStorageDirectory();
    const directory = await this.#storageDirectory;
    signal?.throwIfAborted();
    return directory;
  }

  async exitDirectories(signal?: AbortSignal): Promise<readonly string[]> {
    this.#exitDirectory ??= await findExitDirectory(this.#environment, signal);
    return [this.#exitDirectory];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  #info(signal: AbortSignal | undefined): Promise<PodmanInfo> {
    return this.#client.readJson<PodmanInfo>(calls.infoCall(), signal);
  }

  async #findStorageDirectory(): Promise<string> {
    try {
      return (await this.#info(undefined)).store.graphRoot;
    } catch (thrown) {
      this.#storageDirectory = undefined;
      throw thrown;
    }
  }

  async #inspect(idOrName: string, signal?: AbortSignal): Promise<InspectedContainer | undefined> {
    try {
      const { status, text } = await this.#client.read(calls.inspectCall(idOrName), signal);
      return status === 404 ? undefined : (JSON.parse(text) as InspectedContainer);
    } catch (thrown) {
      // Removed while podman looked at it: that is a 500.
      if (thrown instanceof DetailedError && thrown.code === "CONTAINER_NOT_FOUND") return undefined;
      throw thrown;
    }
  }

  /** One forced removal does not always clear a container that has lost its monitor. */
  async #remove(call: PodmanCall): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const failure = await this.#tryRemove(call);
      if (failure === undefined) return;
      if (attempt >= removeAttempts) throw failure;
      this.#logger.debug(
        { container: call.subject, attempt, error: failure.message },
        "removing it once more",
      );
      await this.#clock.sleep(removePauseMs * attempt);
    }
  }

  async #tryRemove(call: PodmanCall): Promise<Error | undefined> {
    try {
      const { status, text } = await this.#client.change(call);
      if (status === 404) return undefined;
      const message = removalError(text);
      return message === undefined ? undefined : podmanError({ ...call, message });
    } catch (thrown) {
      if (!(thrown instanceof DetailedError)) throw thrown;
      return thrown.code === "RUNTIME_UNAVAILABLE" ? Promise.reject(thrown) : thrown;
    }
  }
}

/** Podman 4 answers 200 with a list in which each container may have an error. */
function removalError(text: string): string | undefined {
  if (text === "") return undefined;
  const results = JSON.parse(text) as { readonly Err?: unknown }[] | null;
  const errors = (results ?? [])
    .map((result) => result.Err)
    .filter((each) => each !== undefined && each !== null);
  return errors.length === 0
    ? undefined
    : errors.map((each) => (typeof each === "string" ? each : JSON.stringify(each))).join("; ");
}
