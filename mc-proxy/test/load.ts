import { Agent } from "node:https";
import { ask, type Question } from "../haproxy/test/ask.ts";

/** Requests that go on until it is disposed: by new connections, and by connections that are kept. */
export interface Load extends AsyncDisposable {
  readonly succeeded: number;
  /** What went wrong. */
  readonly failures: readonly string[];
  /** Resolves when so many more requests have succeeded. */
  more(count: number): Promise<void>;
}

/** Asks again and again, two clients of each kind. */
export function startLoad(question: Question): Load {
  const over = new AbortController();
  const failures: string[] = [];
  const waiting = new Set<() => void>();
  let succeeded = 0;

  async function client(agent?: Agent): Promise<void> {
    while (!over.signal.aborted) {
      try {
        const { status } = await ask({ ...question, ...(agent === undefined ? {} : { agent }) });
        if (status === 200) succeeded += 1;
        else failures.push(`status ${status}`);
      } catch (error) {
        failures.push(String(error));
      }
      for (const look of waiting) look();
    }
    agent?.destroy();
  }

  const clients = [
    client(),
    client(),
    client(new Agent({ keepAlive: true })),
    client(new Agent({ keepAlive: true })),
  ];
  return {
    get succeeded() {
      return succeeded;
    },
    failures,
    more(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wanted = succeeded + count;
      const look = (): void => {
        if (succeeded < wanted) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      return promise;
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      await Promise.all(clients);
    },
  };
}
