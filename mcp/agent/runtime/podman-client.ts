import type { IncomingMessage } from "node:http";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { type ApiAnswer, type ApiCall, PodmanApi } from "./podman-api.ts";
import { shellLine } from "./podman-args.ts";
import { runtimeUnavailable } from "./podman-errors.ts";
import type { PodmanService } from "./podman-service.ts";

/** Time that calls under way get to end when the agent does. */
const drainLimitMs = 15_000;

/** A request together with the command that an operator would type for the same effect. */
export interface PodmanCall extends ApiCall {
  /** Empty: the request is a part of another call's command. */
  readonly command: readonly string[];
}

/** Calls podman: logs each as a command, brings the service back when it is gone, and closes only between calls. */
export class PodmanClient implements AsyncDisposable {
  readonly #api: PodmanApi;
  readonly #service: PodmanService;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #underWay = 0;

  constructor(service: PodmanService, logger: Logger, clock: Clock) {
    this.#api = new PodmanApi(service.socketPath);
    this.#service = service;
    this.#logger = logger;
    this.#clock = clock;
  }

  get socketPath(): string {
    return this.#service.socketPath;
  }

  /** A call that may be dropped at any time: it changes nothing, or podman undoes what is half done. */
  async read(call: PodmanCall, signal?: AbortSignal): Promise<ApiAnswer> {
    return this.#track(call, () => this.#api.call(call, this.untilClosed(signal)));
  }

  async readJson<T>(call: PodmanCall, signal?: AbortSignal): Promise<T> {
    return this.#track(call, () => this.#api.json<T>(call, this.untilClosed(signal)));
  }

  async stream(call: PodmanCall, signal?: AbortSignal): Promise<IncomingMessage> {
    return this.#track(call, () => this.#api.stream(call, this.untilClosed(signal)));
  }

  /** A call that changes something. Once sent it is never dropped, because podman leaves half-made containers
   * and port forwardings behind; its abort is the caller's to deal with when it has ended. */
  async change(call: PodmanCall): Promise<ApiAnswer> {
    return this.#track(call, () => this.#api.call(call));
  }

  /** Aborts with the given signal or when the client closes. */
  untilClosed(signal?: AbortSignal): AbortSignal {
    return signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(runtimeUnavailable("reach podman", this.socketPath, new Error("it is closed")));
    const deadlineMs = this.#clock.now() + drainLimitMs;
    while (this.#underWay > 0 && this.#clock.now() < deadlineMs) await this.#clock.sleep(10);
    if (this.#underWay === 0) await this.#service.stop();
    else this.#logger.warn({ underWay: this.#underWay }, "left podman's service to end its calls");
    this.#api[Symbol.dispose]();
  }

  async #track<T>(call: PodmanCall, send: () => Promise<T>): Promise<T> {
    this.#closing.signal.throwIfAborted();
    this.#underWay++;
    const startedMs = performance.now();
    try {
      return await this.#retryUnsent(call, send);
    } finally {
      this.#underWay--;
      const durationMs = Math.round(performance.now() - startedMs);
      if (call.command.length > 0)
        this.#logger.debug({ command: shellLine(call.command), durationMs }, "podman");
    }
  }

  async #retryUnsent<T>(call: PodmanCall, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (thrown) {
      if (!canRepeat(call, thrown)) throw thrown;
      await this.#service.revive(this.#closing.signal);
      return send();
    }
  }
}

/** Whether podman cannot have seen the call, or seeing it twice does no harm. */
function canRepeat(call: ApiCall, thrown: unknown): boolean {
  if (!(thrown instanceof DetailedError) || thrown.code !== "RUNTIME_UNAVAILABLE") return false;
  const code = (thrown.cause as NodeJS.ErrnoException | undefined)?.code;
  return code === "ECONNREFUSED" || code === "ENOENT" || call.method === "GET";
}
