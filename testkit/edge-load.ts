import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { Agent, request } from "node:https";
import { connect, type TLSSocket } from "node:tls";

export type LoadKind = "keep-alive" | "new connections" | "http2" | "websocket";

/** Clients that ask one thing after the other, each in its own way, until they are disposed. */
export interface EdgeLoad extends AsyncDisposable {
  /** How often each kind was answered well. */
  readonly answered: Readonly<Record<LoadKind, number>>;
  /** Everything that went wrong. */
  readonly failures: readonly string[];
  /** The different answers so far. */
  readonly versions: ReadonlySet<string>;
}

export interface EdgeLoadTarget {
  readonly port: number;
  readonly hostname: string;
  readonly ca: readonly string[];
}

const pauseMs = 5;
/** For a slow and busy machine: an answer that takes longer is one that never comes. */
const timeoutMs = 30_000;

export function startEdgeLoad(target: EdgeLoadTarget): EdgeLoad {
  const answered: Record<LoadKind, number> = {
    "keep-alive": 0,
    "new connections": 0,
    http2: 0,
    websocket: 0,
  };
  const failures: string[] = [];
  const versions = new Set<string>();
  const over = new AbortController();
  const keepAlive = new Agent({ keepAlive: true, maxSockets: 2 });
  const http2 = createHttp2Asker(target);
  const websocket = createWebSocketAsker(target);
  const askers: Record<LoadKind, () => Promise<string>> = {
    "keep-alive": () => askHttp1(target, keepAlive),
    "new connections": () => askHttp1(target, false),
    http2: http2.ask,
    websocket: websocket.ask,
  };

  async function run(kind: LoadKind): Promise<void> {
    while (!over.signal.aborted) {
      try {
        const version = await askers[kind]();
        if (version !== "") versions.add(version);
        answered[kind] += 1;
      } catch (error) {
        failures.push(
          `${new Date().toISOString()} ${kind}: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  const running = (Object.keys(askers) as LoadKind[]).map(run);
  return {
    answered,
    failures,
    versions,
    async [Symbol.asyncDispose]() {
      over.abort();
      await Promise.all(running);
      keepAlive.destroy();
      http2.close();
      websocket.close();
    },
  };
}

function askHttp1({ port, hostname, ca }: EdgeLoadTarget, agent: Agent | false): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = { host: hostname };
    const outgoing = request(
      { host: "127.0.0.1", port, servername: hostname, ca: [...ca], agent, headers, signal },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString());
          else reject(new Error(`status ${response.statusCode}`));
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** One connection for all requests; a new one only where the server has said good-bye to the last. */
function createHttp2Asker({ port, hostname, ca }: EdgeLoadTarget) {
  let session: ClientHttp2Session | undefined;
  function open(): ClientHttp2Session {
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    const opened = connectHttp2(`https://${hostname}:${port}`, {
      ca: [...ca],
      createConnection: () =>
        connect({ host: "127.0.0.1", port, servername: hostname, ca: [...ca], ALPNProtocols: ["h2"] }),
    });
    opened.on("error", () => opened.destroy());
    opened.on("goaway", () => opened.close());
    session = opened;
    return opened;
  }
  return {
    ask: async (): Promise<string> => {
      const stream = open().request({ ":path": "/" }, { signal: AbortSignal.timeout(timeoutMs) });
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      const ended = once(stream, "end");
      const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
      await ended;
      if (headers[":status"] !== 200) throw new Error(`status ${String(headers[":status"])}`);
      return Buffer.concat(chunks).toString();
    },
    close: () => session?.destroy(),
  };
}

/** One WebSocket on which each message is echoed; a new one only where the server has closed the last in good order. */
function createWebSocketAsker(target: EdgeLoadTarget) {
  let open: { socket: TLSSocket; frames: AsyncGenerator<Buffer, void> } | undefined;

  async function ask(): Promise<string> {
    open ??= await openWebSocket(target);
    const { socket, frames } = open;
    const text = randomBytes(8).toString("hex");
    socket.write(maskedFrame(text));
    for (;;) {
      const next = await within(frames.next());
      if (next.done === true) {
        open = undefined;
        throw new Error("the WebSocket broke");
      }
      const frame = next.value;
      if (((frame[0] ?? 0) & 15) === 8) {
        // Said good-bye: what was not echoed is sent again on a new one.
        socket.destroy();
        open = undefined;
        return ask();
      }
      if (frame.subarray(2).toString() === text) return "";
    }
  }
  return { ask, close: () => open?.socket.destroy() };
}

async function within<Result>(promise: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function openWebSocket({ port, hostname, ca }: EdgeLoadTarget) {
  const socket = connect({
    host: "127.0.0.1",
    port,
    servername: hostname,
    ca: [...ca],
    ALPNProtocols: ["http/1.1"],
  });
  await once(socket, "secureConnect");
  const key = randomBytes(16).toString("base64");
  socket.write(
    `GET /socket HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  const frames = framesOf(socket);
  const { value: head } = await within(frames.next());
  if (!(head ?? Buffer.alloc(0)).toString().startsWith("HTTP/1.1 101")) {
    throw new Error(`the WebSocket was refused: ${(head ?? Buffer.alloc(0)).toString().split("\r\n")[0]}`);
  }
  return { socket, frames };
}

/** First the head of the answer, then each frame. */
async function* framesOf(socket: TLSSocket): AsyncGenerator<Buffer, void> {
  let pending: Buffer = Buffer.alloc(0);
  let isOpen = false;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const end = isOpen ? 2 + ((pending[1] ?? 0) & 127) : pending.indexOf("\r\n\r\n") + 4;
      if (pending.length < Math.max(end, isOpen ? 2 : 4) || (!isOpen && end < 4)) break;
      yield pending.subarray(0, end);
      pending = pending.subarray(end);
      isOpen = true;
    }
  }
}

function maskedFrame(text: string): Buffer {
  const mask = randomBytes(4);
  const payload = Buffer.from(text).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, payload]);
}
