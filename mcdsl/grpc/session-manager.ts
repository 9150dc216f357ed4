import { Code, ConnectError } from "@connectrpc/connect";
import { Http2SessionManager } from "@connectrpc/connect-node";
import type { ClientSessionOptions, Http2Session, SecureClientSessionOptions } from "node:http2";
import { DetailedError } from "../errors.ts";

type Request = Http2SessionManager["request"];

/** The library's manager of a connection, with a limit on the time to connect. */
export class SessionManager extends Http2SessionManager {
  readonly #connectTimeoutMs: number;
  readonly #guarded = new WeakSet<Http2Session>();

  constructor(options: {
    baseUrl: string;
    connectTimeoutMs: number;
    keepAlive: { intervalMs: number; timeoutMs: number };
    session: ClientSessionOptions | SecureClientSessionOptions;
  }) {
    const { intervalMs: pingIntervalMs, timeoutMs: pingTimeoutMs } = options.keepAlive;
    super(options.baseUrl, { pingIntervalMs, pingTimeoutMs }, options.session);
    this.#connectTimeoutMs = options.connectTimeoutMs;
  }

  override async request(...parameters: Parameters<Request>): ReturnType<Request> {
    await this.#connectInTime();
    const stream = await super.request(...parameters);
    // A ping that times out destroys the session with an error after the library has stopped listening to it;
    // without a listener that error would end the process. The calls get it through their streams.
    const { session } = stream;
    if (session !== undefined && !this.#guarded.has(session)) {
      this.#guarded.add(session);
      session.on("error", () => {});
    }
    return stream;
  }

  async #connectInTime(): Promise<void> {
    if (this.state() === "open" || this.state() === "idle") return;
    const timer = setTimeout(() => {
      if (this.state() === "connecting" || this.state() === "verifying") this.abort(this.#tooSlow());
    }, this.#connectTimeoutMs);
    try {
      // Without this look at the outcome the request below would try to connect a second time.
      if ((await this.connect()) === "error") {
        throw ConnectError.from(this.error() ?? connectionEnded());
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #tooSlow(): ConnectError {
    const cause = new DetailedError({
      code: "NODE_UNREACHABLE",
      category: "unavailable",
      attempted: "connect to",
      subject: new URL(this.authority).host,
      found: `no connection within ${this.#connectTimeoutMs} ms`,
      remedy: "check that it is running, the address, and the network between",
    });
    return new ConnectError(cause.message, Code.Unavailable, undefined, undefined, cause);
  }
}

function connectionEnded(): ConnectError {
  return new ConnectError("the client was closed", Code.Canceled);
}
