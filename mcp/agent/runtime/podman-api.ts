import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { Readable } from "node:stream";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { podmanError, runtimeTimedOut, runtimeUnavailable } from "./podman-errors.ts";

/** The oldest API that has all we use; podman 5 still serves it. */
const apiPath = "/v4.0.0/libpod";
const maxBodyBytes = 64 * 1024 * 1024;
const maxConnections = 32;

/** One request. */
export interface ApiCall {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the API's root, without the query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: unknown;
  /** A body that is sent as it comes, in place of `body`. */
  readonly content?: () => AsyncIterable<Uint8Array>;
  /** Besides those of every request; they are in no log. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Time allowed until the answer is complete, or for a stream until it begins. */
  readonly limitMs: number;
  /** Continues "cannot …" in an error. */
  readonly attempted: string;
  readonly subject: string;
  /** Statuses of failure that the caller deals with instead of an error. */
  readonly accept?: readonly number[];
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  /** Podman's version, e.g. `5.4.2`; empty: it does not say. */
  readonly version: string;
}

/** Podman's HTTP API over its Unix socket. Connections are kept and bounded in number. */
export class PodmanApi implements Disposable {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: maxConnections, maxFreeSockets: 4 });

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** The complete answer. An abort or the time limit drops the connection.
   * @throws DetailedError RUNTIME_UNAVAILABLE, RUNTIME_TIMED_OUT, or what podman's message means */
  async call(call: ApiCall, signal?: AbortSignal): Promise<ApiAnswer> {
    using limit = new TimeLimit(call, signal);
    const response = await this.#send(call, this.#agent, limit);
    const text = await limit.guard(readBody(call, response));
    const status = response.statusCode ?? 0;
    if (status >= 400 && !call.accept?.includes(status)) throw failure(call, status, text);
    return { status, text, version: String(response.headers["libpod-api-version"] ?? "") };
  }

  /** Like `call`, with the answer read as JSON. The type says what the caller reads of it. */
  async json<T>(call: ApiCall, signal?: AbortSignal): Promise<T> {
    const { text } = await this.call(call, signal);
    try {
      return JSON.parse(text) as T;
    } catch (thrown) {
      throw podmanError({ ...call, message: `its answer is no JSON: ${String(thrown)}` });
    }
  }

  /** An answer of unknown length, on a connection of its own. Destroying it ends the call. */
  async stream(call: ApiCall, signal?: AbortSignal): Promise<IncomingMessage> {
    using limit = new TimeLimit(call, signal);
    const response = await this.#send(call, false, limit);
    const status = response.statusCode ?? 0;
    if (status < 400) return response;
    throw failure(call, status, await limit.guard(readBody(call, response)));
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #send(call: ApiCall, agent: Agent | false, limit: TimeLimit): Promise<IncomingMessage> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const query = new URLSearchParams(
      Object.entries(call.query ?? {}).map(([name, value]) => [name, String(value)]),
    ).toString();
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest({
        socketPath: this.#socketPath,
        method: call.method,
        path: `${apiPath}${call.path}${query === "" ? "" : `?${query}`}`,
        agent,
        headers: {
          host: "podman",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(call.content === undefined ? {} : { "content-type": "application/x-tar" }),
          ...call.headers,
        },
      });
      request.once("response", resolve);
      request.on("error", (thrown) => reject(runtimeUnavailable(call.attempted, call.subject, thrown)));
      limit.onEnd(() => request.destroy());
      if (call.content === undefined) request.end(body);
      else sendContent(call.content(), request, reject);
    });
    return limit.guard(answered);
  }
}

/** What goes wrong with the content itself is the failure of the call; the connection has its own. */
function sendContent(
  content: AsyncIterable<Uint8Array>,
  request: ClientRequest,
  reject: (thrown: unknown) => void,
): void {
  const source = Readable.from(content, { objectMode: false });
  source.on("error", (thrown) => {
    reject(thrown);
    request.destroy();
  });
  request.on("close", () => source.destroy());
  // It fails, and what is sent on only makes that its answer gets lost.
  request.once("response", () => source.unpipe(request));
  source.pipe(request);
}

/** Ends a call at its time limit or the caller's abort, whichever is first. */
class TimeLimit implements Disposable {
  readonly #ended = new AbortController();
  readonly #rejected = Promise.withResolvers<never>();
  readonly #timer: NodeJS.Timeout;
  readonly #forget: () => void;

  constructor(call: ApiCall, signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    this.#timer = setTimeout(() => {
      this.#end(runtimeTimedOut(call.attempted, call.subject, call.limitMs));
    }, call.limitMs);
    const abort = (): void => this.#end(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    this.#forget = () => signal?.removeEventListener("abort", abort);
    this.#rejected.promise.catch(() => undefined);
  }

  onEnd(end: () => void): void {
    this.#ended.signal.addEventListener("abort", end, { once: true });
  }

  guard<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#rejected.promise]);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#forget();
  }

  /** Rejects before the connection drops, whose error would otherwise be the one that is seen. */
  #end(reason: unknown): void {
    this.#rejected.reject(reason);
    this.#ended.abort(reason);
  }
}

/** A service that dies in the middle of its answer does not answer. */
async function readBody(call: ApiCall, response: IncomingMessage): Promise<string> {
  try {
    return await readText(response, maxBodyBytes);
  } catch (thrown) {
    if (systemCodeOf(thrown) !== "ECONNRESET") throw thrown;
    throw runtimeUnavailable(call.attempted, call.subject, thrown);
  }
}

async function readText(response: IncomingMessage, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) throw new Error(`podman's answer is longer than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function failure(call: ApiCall, status: number, text: string): Error {
  return podmanError({
    attempted: call.attempted,
    subject: call.subject,
    message: messageIn(text) || `HTTP ${status}`,
  });
}

/** Podman's `message` holds its `cause` already. */
function messageIn(text: string): string {
  try {
    const answer = JSON.parse(text) as { message?: unknown } | null;
    return typeof answer?.message === "string" ? answer.message : text.trim();
  } catch {
    return text.trim();
  }
}
