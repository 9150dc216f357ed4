import { once } from "node:events";
import { type ClientHttp2Stream, connect as connectHttp2 } from "node:http2";
import { Agent, request } from "node:https";

/** Requests without pause, of several kinds, until it is stopped. */
export interface Load extends AsyncDisposable {
  /** Answers with status 200 so far. */
  readonly succeeded: number;
  /** What else came of requests: messages, at most 1,000 of them. */
  readonly failures: readonly string[];
  /** Ends it after the requests that are under way. */
  stop(): Promise<void>;
}

export interface LoadTarget {
  readonly port: number;
  readonly name: string;
  readonly ca: string;
}

type Client = { ask(): Promise<void>; close(): void };

/** Keep-alive HTTP/1.1, a new connection for each request, and HTTP/2: two clients each. */
export function startLoad(...targets: readonly LoadTarget[]): Load {
  const kinds = [keptConnection, newConnections, http2];
  const failures: string[] = [];
  let succeeded = 0;
  const stopping = new AbortController();
  const work = targets.flatMap((target) =>
    kinds.flatMap((kind) =>
      [1, 2].map(async () => {
        const client = kind(target);
        while (!stopping.signal.aborted) {
          try {
            await client.ask();
            succeeded += 1;
          } catch (error) {
            if (failures.length < 1_000) failures.push(`${kind.name} ${target.name}: ${String(error)}`);
            await once(AbortSignal.timeout(5), "abort");
          }
        }
        client.close();
      }),
    ),
  );
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(work);
  };
  return {
    failures,
    get succeeded() {
      return succeeded;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function keptConnection(target: LoadTarget): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return { ask: () => http1Ask(target, agent), close: () => agent.destroy() };
}

function newConnections(target: LoadTarget): Client {
  return { ask: () => http1Ask(target, false), close: () => undefined };
}

function http1Ask({ port, name, ca }: LoadTarget, agent: Agent | false): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const options = { host: "127.0.0.1", port, servername: name, ca, agent, headers: { host: name } };
  const outgoing = request({ ...options, timeout: 60_000 }, (response) => {
    response.on("error", reject);
    response.on("end", () =>
      response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
    );
    response.resume();
  });
  outgoing.on("error", reject);
  outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in 60 s")));
  outgoing.end();
  return promise;
}

/** Begins a new session where the server says that the old one ends, as every client has to. */
function http2({ port, name, ca }: LoadTarget): Client {
  const begin = () => {
    const session = connectHttp2(`https://${name}`, { host: "127.0.0.1", port, servername: name, ca });
    session.on("error", () => undefined);
    return session;
  };
  let session = begin();
  let isEnding = false;
  session.on("goaway", () => (isEnding = true));
  return {
    async ask() {
      if (session.closed || session.destroyed || isEnding) {
        session.close();
        session = begin();
        isEnding = false;
        session.on("goaway", () => (isEnding = true));
      }
      await http2Answer(session.request({ ":path": "/" }));
    },
    close: () => session.close(),
  };
}

/** A stream may just close when its connection is lost: without an error, and without an answer. */
function http2Answer(stream: ClientHttp2Stream): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let found = "no answer";
  let hasEnded = false;
  stream.on("response", (headers) => (found = `status ${headers[":status"]}`));
  stream.on("end", () => (hasEnded = true));
  stream.on("error", reject);
  stream.on("close", () => (hasEnded && found === "status 200" ? resolve() : reject(new Error(found))));
  stream.setTimeout(60_000, () => stream.close());
  stream.resume();
  return promise;
}
