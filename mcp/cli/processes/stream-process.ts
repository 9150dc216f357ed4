import { spawn } from "node:child_process";
import { once } from "node:events";

/** A program whose output is read as it comes. Disposing it ends the program and waits for that. */
export interface StreamedProcess extends AsyncDisposable {
  /** Its standard output; the program waits while nobody reads. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when it has ended and all was read. */
  ended(): Promise<StreamEnd>;
}

export interface StreamEnd {
  /** Null where a signal ended it. */
  readonly code: number | null;
  /** Last lines of standard error, oldest first. */
  readonly lastLines: readonly string[];
}

const keptCharacters = 16 * 1024;
const keptLines = 20;

/** Starts a program without input, out of the terminal's reach: Ctrl-C reaches only this process.
 * @throws the error of the start, such as ENOENT */
export async function streamProcess(
  argv: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
): Promise<StreamedProcess> {
  const [program, ...rest] = argv;
  const child = spawn(program, rest, {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let messages = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    messages = (messages + text).slice(-keptCharacters);
  });
  await Promise.race([
    once(child, "spawn"),
    once(child, "error").then(([error]) => {
      throw error;
    }),
  ]);
  const closed = once(child, "close") as Promise<[number | null]>;
  return {
    output: child.stdout,
    async ended() {
      const [code] = await closed;
      return { code, lastLines: messages.trim().split(/\r?\n/).slice(-keptLines) };
    },
    async [Symbol.asyncDispose]() {
      child.stdout.destroy();
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await closed;
    },
  };
}
