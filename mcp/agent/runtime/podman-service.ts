import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { PodmanApi } from "./podman-api.ts";
import { runtimeUnavailable } from "./podman-errors.ts";
import { type Environment, findService, spawnService, terminateService } from "./podman-process.ts";

const pingLimitMs = 2_000;
const startLimitMs = 15_000;
const stopLimitMs = 10_000;
const maxBackoffMs = 10_000;
/** Longest path of a Unix socket, its final zero apart. */
const maxSocketPathBytes = 107;

/** A socket behind which podman's API answers. */
export interface PodmanService {
  readonly socketPath: string;
  /** Makes sure that it answers, starting it anew where that is ours to do.
   * @throws DetailedError RUNTIME_UNAVAILABLE */
  revive(signal?: AbortSignal): Promise<void>;
  /** Ends it where we run it. Only to be called when no call is under way. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly socket?: string;
  /** How long a configured socket may take to answer, as after a start of the machine. Default: it has to at once. */
  readonly patienceMs?: number;
  readonly stateDirectory: string;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The configured socket; else systemd's, where it answers; else a service of our own. */
export async function openPodmanService(options: ServiceOptions): Promise<PodmanService> {
  const service = await chooseService(options);
  try {
    await reviveLate(service, options);
    return service;
  } catch (thrown) {
    await service.stop();
    throw thrown;
  }
}

const retryMs = 500;

async function reviveLate(service: PodmanService, options: ServiceOptions): Promise<void> {
  const { clock, logger, socket = "", patienceMs = 0 } = options;
  const deadlineMs = clock.now() + (socket === "" ? 0 : patienceMs);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await service.revive();
      return;
    } catch (thrown) {
      if (clock.now() + retryMs > deadlineMs) throw thrown;
      if (attempt === 1) logger.warn({ socket, error: messageOf(thrown) }, "waiting for podman's socket");
      await clock.sleep(retryMs);
    }
  }
}

async function chooseService(options: ServiceOptions): Promise<PodmanService> {
  if (options.socket !== undefined && options.socket !== "") return foreignService(options.socket);
  const systemd = systemdSocket(options.environment);
  if (systemd !== undefined && (await answers(systemd))) return foreignService(systemd);
  return new SupervisedService(options);
}

/** A private configuration means a private podman, which systemd's is not. */
function systemdSocket(environment: Environment): string | undefined {
  const isSet = (name: string): boolean => (environment[name] ?? "") !== "";
  if (isSet("CONTAINERS_CONF") || isSet("CONTAINERS_STORAGE_CONF")) return undefined;
  if (process.getuid?.() === 0) return "/run/podman/podman.sock";
  const runtimeDirectory = environment["XDG_RUNTIME_DIR"];
  return runtimeDirectory === undefined ? undefined : join(runtimeDirectory, "podman", "podman.sock");
}

function foreignService(socketPath: string): PodmanService {
  return {
    socketPath,
    revive: async (signal) => ping(socketPath, signal),
    stop: async () => undefined,
  };
}

async function ping(socketPath: string, signal?: AbortSignal): Promise<void> {
  using api = new PodmanApi(socketPath);
  const call = { attempted: "reach podman", subject: socketPath, limitMs: pingLimitMs } as const;
  await api.call({ method: "GET", path: "/_ping", ...call }, signal);
}

async function answers(socketPath: string, signal?: AbortSignal): Promise<boolean> {
  return ping(socketPath, signal).then(
    () => true,
    () => false,
  );
}

/** `podman system service` as our child, or as that of a predecessor that was killed. */
class SupervisedService implements PodmanService {
  readonly socketPath: string;
  readonly #options: ServiceOptions;
  readonly #logPath: string;
  #starting: Promise<void> | undefined;
  #failures = 0;
  #stopped = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.socketPath = join(options.stateDirectory, "podman.sock");
    this.#logPath = join(options.stateDirectory, "podman-service.log");
    if (Buffer.byteLength(this.socketPath) > maxSocketPathBytes) {
      throw new DetailedError({
        code: "RUNTIME_UNAVAILABLE",
        category: "failed-precondition",
        attempted: "listen on podman's socket",
        subject: this.socketPath,
        found: `the path is longer than ${maxSocketPathBytes} bytes`,
        remedy: "choose a state directory with a shorter path",
      });
    }
  }

  async revive(signal?: AbortSignal): Promise<void> {
    if (this.#stopped) throw runtimeUnavailable("start podman's service", this.socketPath, "it was stopped");
    if (this.#starting === undefined && (await answers(this.socketPath, signal))) return;
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
    await this.#starting;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#starting?.catch(() => undefined);
    const { clock, logger } = this.#options;
    if (await terminateService(this.socketPath, clock, stopLimitMs))
      await rm(this.socketPath, { force: true });
    else
      logger.warn({ socket: this.socketPath }, "podman's service does not end; the next agent takes it over");
  }

  async #start(): Promise<void> {
    const { clock, environment, logger, stateDirectory } = this.#options;
    const deadlineMs = clock.now() + startLimitMs;
    if (this.#failures > 0) await clock.sleep(Math.min(100 * 2 ** this.#failures, maxBackoffMs));
    this.#failures++;
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
    // One that lives but is slow to answer has calls under way: wait for it rather than start a second.
    if ((await findService(this.socketPath)).length === 0) {
      await rm(this.socketPath, { force: true });
      const child = await spawnService(this.socketPath, this.#logPath, environment).catch(
        (thrown: unknown) => {
          throw runtimeUnavailable("start podman's service", this.socketPath, thrown);
        },
      );
      logger.debug({ pid: child.pid, socket: this.socketPath }, "started podman's service");
      child.once("exit", (code, signal) => this.#ended({ pid: child.pid, code, signal }));
    }
    while (!(await answers(this.socketPath))) {
      const lives = (await findService(this.socketPath)).length > 0;
      if (!lives || clock.now() >= deadlineMs) throw await this.#startFailure(lives);
      await clock.sleep(20);
    }
    this.#failures = 0;
  }

  async #startFailure(lives: boolean): Promise<DetailedError> {
    const log = await readFile(this.#logPath, "utf8").catch(() => "");
    return new DetailedError({
      code: "RUNTIME_UNAVAILABLE",
      category: "unavailable",
      attempted: "start podman's service",
      subject: this.socketPath,
      found: lives ? "it does not answer" : "it ended at once",
      remedy: "check with `podman info` as the agent's user",
      output: log.trim().split("\n").slice(-10),
    });
  }

  #ended(facts: object): void {
    // While it is being started, whoever waits for that is told.
    if (this.#stopped || this.#starting !== undefined) return;
    this.#options.logger.warn(facts, "podman's service ended; starting it again");
    this.revive().catch((thrown: unknown) => {
      this.#options.logger.error({ error: messageOf(thrown) }, "podman's service cannot be started again");
    });
  }
}
