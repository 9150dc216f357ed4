import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

type Parameters = Readonly<Record<string, unknown>>;

/** An event that Chromium told of. */
export interface ChromiumEvent {
  readonly method: string;
  readonly params: Parameters;
  readonly sessionId?: string;
}

interface Answer {
  readonly id: number;
  readonly result?: Parameters;
  readonly error?: { readonly message: string };
}

/** Chromium, driven by the Chrome DevTools Protocol over two pipes. */
export interface ChromiumConnection extends AsyncDisposable {
  send(method: string, params?: Parameters, sessionId?: string): Promise<Parameters>;
  /** @returns what stops it */
  onEvent(listener: (event: ChromiumEvent) => void): () => void;
}

const answerWithinMs = 120_000;

export async function startChromium(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<ChromiumConnection> {
  const child = spawn("chromium", ["--remote-debugging-pipe", ...args], {
    env: environment,
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  await once(child, "spawn");
  const [, , , input, output] = child.stdio as unknown as [null, null, null, Writable, Readable];
  const waiting = new Map<number, (answer: Answer) => void>();
  const listeners = new Set<(event: ChromiumEvent) => void>();
  let lastId = 0;
  readMessages(output, (message) => {
    if ("id" in message) waiting.get(message.id)?.(message);
    else for (const listener of listeners) listener(message);
  });
  return {
    async send(method, params = {}, sessionId) {
      const id = ++lastId;
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      waiting.set(id, resolve);
      const late = setTimeout(() => reject(new Error(`no answer to ${method}`)), answerWithinMs);
      try {
        input.write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`);
        const { error, result } = await promise;
        if (error !== undefined) throw new Error(`${method}: ${error.message}`);
        return result ?? {};
      } finally {
        clearTimeout(late);
        waiting.delete(id);
      }
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

function readMessages(output: Readable, take: (message: Answer | ChromiumEvent) => void): void {
  let rest = Buffer.alloc(0);
  output.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0); end !== -1; end = rest.indexOf(0)) {
      take(JSON.parse(rest.subarray(0, end).toString("utf8")) as Answer | ChromiumEvent);
      rest = rest.subarray(end + 1);
    }
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
