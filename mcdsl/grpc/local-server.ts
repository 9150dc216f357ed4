import type { ConnectRouter } from "@connectrpc/connect";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:http2";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import type { Identity } from "../auth/identity.ts";
import type { Clock } from "../clock.ts";
import { DetailedError } from "../errors.ts";
import type { Logger } from "../log/logger.ts";
import type { CallEnd } from "./audit.ts";
import { drain, trackSessions } from "./drain.ts";
import { createCallHandler } from "./handle-call.ts";

export interface LocalGrpcServerOptions {
  /** Of the socket. Its directory must exist. */
  readonly path: string;
  /** Permissions of the socket: whoever may write to it may call. Default 0600. */
  readonly mode?: number;
  readonly routes: (router: ConnectRouter) => void;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly onCallEnd?: (ended: CallEnd) => void;
  /** Of one message received. Default 4 MiB. */
  readonly maxMessageBytes?: number;
  /** Time that calls in progress have to end when the server stops. Default 10 s. */
  readonly drainMs?: number;
}

/** Whoever may open the socket. */
const socketOwner: Identity = {
  subject: "local",
  name: "local",
  kind: "system",
  roles: ["admin"],
  expiresAtMs: Infinity,
};

/** Serves gRPC by a Unix socket, for programs of the same machine. The socket's permissions decide who may call;
 * every call is in the log. A socket that a dead process left is replaced. Disposing it is as with `startGrpcServer`.
 * @throws DetailedError LISTEN_FAILED */
export async function startLocalGrpcServer(options: LocalGrpcServerOptions): Promise<AsyncDisposable> {
  const { path, mode = 0o600, drainMs = 10_000, maxMessageBytes = 4 * 1024 * 1024 } = options;
  const signals = { stopping: new AbortController(), stopped: new AbortController() };
  const server = createServer({ settings: { maxConcurrentStreams: 250 } });
  server.maxConnections = 1_000;
  server.on("sessionError", (error) => options.logger.debug({ error }, "connection broke"));
  const sessions = trackSessions(server);
  server.on(
    "request",
    createCallHandler({
      ...options,
      admit: async (_method, _authorization, identified) => identified(socketOwner),
      stopping: signals.stopping.signal,
      stopped: signals.stopped.signal,
      maxMessageBytes,
    }),
  );
  if (await isAnswered(path)) throw listenFailed(path, "another program listens there");
  // Nobody may connect before the permissions are right, so it gets its name last. Linux allows 107 characters.
  const unnamed = join(dirname(path), `.${randomBytes(3).toString("hex")}`);
  try {
    server.listen(unnamed);
    await once(server, "listening");
    chmodSync(unnamed, mode);
    renameSync(unnamed, path);
  } catch (cause) {
    server.close();
    throw listenFailed(path, "the socket cannot be made", cause);
  }
  return {
    async [Symbol.asyncDispose]() {
      if (signals.stopping.signal.aborted) return;
      rmSync(path, { force: true });
      await drain(server, sessions, signals, drainMs);
    },
  };
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function listenFailed(path: string, found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "LISTEN_FAILED",
    category: "failed-precondition",
    attempted: "listen on",
    subject: path,
    found,
    remedy: "stop the other program, or check that the directory exists and can be written to",
    cause,
  });
}
