import { once } from "node:events";
import type { Http2SecureServer, Http2Server, ServerHttp2Session } from "node:http2";
import { serverStopping } from "./handler-errors.ts";

type Server = Http2Server | Http2SecureServer;

/** The connections of an HTTP/2 server, as they come and go. */
export function trackSessions(server: Server): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session: ServerHttp2Session) => {
    sessions.add(session);
    session.once("close", () => {
      sessions.delete(session);
    });
  });
  return sessions;
}

/** Time for the last answers to be written. */
const flushMs = 500;

/** Stops a server: no new connections and calls, streams end as UNAVAILABLE, unary calls have `drainMs` to end. */
export async function drain(
  server: Server,
  sessions: ReadonlySet<ServerHttp2Session>,
  signals: { readonly stopping: AbortController; readonly stopped: AbortController },
  drainMs: number,
): Promise<void> {
  const closed = once(server, "close");
  server.close();
  signals.stopping.abort(serverStopping());
  for (const session of sessions) session.close();
  await settled(closed, drainMs);
  signals.stopped.abort(serverStopping());
  await settled(closed, flushMs);
  for (const session of sessions) session.destroy();
  await closed;
}

/** Waits for the promise, but not longer than `limitMs`. */
async function settled(promise: Promise<unknown>, limitMs: number): Promise<void> {
  const late = Promise.withResolvers<unknown>();
  const timer = setTimeout(late.resolve, limitMs, undefined);
  try {
    await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
