import { request } from "node:http";

/** Asks again and again, each time over a new connection, until it is disposed, which waits for
 * the requests under way. */
export interface SteadyClient extends AsyncDisposable {
  /** When each answer came, milliseconds since the epoch, and what it was. */
  readonly answers: readonly { readonly atMs: number; readonly text: string }[];
  /** When each request that got no answer failed, and how. */
  readonly errors: readonly { readonly atMs: number; readonly message: string }[];
  /** Longest time without an answer. */
  longestGapMs(): number;
}

const timeoutMs = 3_000;
const maxUnderWay = 100;

/** Asks on a port of the loopback, the next time after `intervalMs` whether or not there was an answer, as a
 * connection to a port in between is held for seconds before it fails. */
export function startSteadyClient(port: number, intervalMs = 20): SteadyClient {
  const answers: { atMs: number; text: string }[] = [];
  const errors: { atMs: number; message: string }[] = [];
  const underWay = new Set<Promise<void>>();
  async function ask(): Promise<void> {
    try {
      answers.push({ text: await answerOnNewConnection(port), atMs: Date.now() });
    } catch (error) {
      errors.push({ atMs: Date.now(), message: error instanceof Error ? error.message : String(error) });
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
