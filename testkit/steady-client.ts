import { request } from "node:http";

/** Asks again and again, each time over a new connection, until it is disposed, which waits for
 * the requests under way. */
export interface SteadyClient extends AsyncDisposable {
  /** When each answer was asked for and came, milliseconds since the epoch, and what it was. */
  readonly answers: readonly { readonly askedAtMs: number; readonly atMs: number; readonly text: string }[];
  /** When each request that got no answer was made and failed, and how. */
  readonly errors: readonly { readonly askedAtMs: number; readonly atMs: number; readonly message: string }[];
  /** Longest time without an answer. */
  longestGapMs(): number;
}

/** A slow machine answers later than a fast one; a connection to a port in between is never answered. */
const timeoutMs = 10_000;
const maxUnderWay = 100;

/** Asks on a port of the loopback, the next time after `intervalMs` whether or not there was an answer, as a
 * connection to a port in between is held for seconds before it fails. */
export function startSteadyClient(port: number, intervalMs = 20): SteadyClient {
  const answers: { askedAtMs: number; atMs: number; text: string }[] = [];
  const errors: { askedAtMs: number; atMs: number; message: string }[] = [];
  const underWay = new Set<Promise<void>>();
  async function ask(): Promise<void> {
    const askedAtMs = Date.now();
    try {
      const text = await answerOnNewConnection(port);
      answers.push({ askedAtMs, atMs: Date.now(), text });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      errors.push({ askedAtMs, atMs: Date.now(), message });
    }
  }
  const timer = setInterval(() => {
    if (underWay.size >= maxUnderWay) return;
    const request = ask().finally(() => underWay.delete(request));
    underWay.add(request);
  }, intervalMs);
  return {
    answers,
    errors,
    longestGapMs: () =>
      answers.reduce((gap, { atMs }, index) => Math.max(gap, atMs - (answers[index - 1]?.atMs ?? atMs)), 0),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}

function answerOnNewConnection(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const outgoing = request({ host: "127.0.0.1", port, agent: false, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
