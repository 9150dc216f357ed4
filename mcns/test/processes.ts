import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A stock program that runs until disposed. */
export interface Daemon extends AsyncDisposable {
  /** What it wrote so far. */
  readonly log: readonly string[];
}

const logLines = 5_000;

/** Starts a program in the foreground; its output is kept. */
export function startDaemon(command: string, args: readonly string[]): Daemon {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  const log: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      log.push(line);
      if (log.length > logLines) log.shift();
    });
  }
  return {
    log,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await exited;
    },
  };
}

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs a program to its end, and returns what it wrote, errors included. */
export async function run(
  command: string,
  args: readonly string[],
  options: { input?: string; environment?: Record<string, string> } = {},
): Promise<Outcome> {
  const environment = { ...process.env, ...options.environment };
  const child = execFile(command, args, { env: environment, timeout: 240_000, maxBuffer: 64 * 1024 * 1024 });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (text: string) => parts.push(text));
  }
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? "");
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? -1, output: parts.join("") };
}
