import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Root of the checkout. */
export const checkout = fileURLToPath(new URL("..", import.meta.url));

/** A program of the checkout that runs as a process of its own. Disposing it ends it and waits. */
export interface Program extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it wrote to standard error so far; the last 20,000 lines. */
  readonly log: readonly string[];
  /** Resolves with the first log line, past or future, that `matches`; rejects when the program ends first. */
  line(matches: (line: string) => boolean): Promise<string>;
  /** Resolves when it is gone. */
  readonly ended: Promise<void>;
  /** Ends it as a crash would and waits until it is gone. */
  kill(): Promise<void>;
}

const lineLimit = 20_000;
const stopTimeoutMs = 25_000;

/** Starts a program of the checkout, with standard error kept line by line. `entry` is a TypeScript file, or a
 * launcher such as `bin/mcp-agent`, which needs `PATH`. */
export function startProgram(
  entry: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Program {
  const path = resolve(checkout, entry);
  const [command, argv] = entry.endsWith(".ts") ? [process.execPath, [path, ...args]] : [path, args];
  const child = spawn(command, argv, {
    env: { NODE_COMPILE_CACHE: `${checkout}.cache/compiled`, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const log: string[] = [];
  const waiting = new Set<(line: string) => void>();
  const exited = once(child, "exit");
  createInterface({ input: child.stderr }).on("line", (line) => {
    log.push(line);
    if (log.length > lineLimit) log.shift();
    for (const offer of waiting) offer(line);
  });

  function line(matches: (line: string) => boolean): Promise<string> {
    const past = log.find(matches);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const offer = (next: string): void => {
        if (!matches(next)) return;
        waiting.delete(offer);
        resolve(next);
      };
      waiting.add(offer);
      void exited.then(() => {
        waiting.delete(offer);
        reject(new Error(`${entry} ended:\n${log.slice(-20).join("\n")}`));
      });
    });
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    await exited;
    clearTimeout(timer);
  }

  return {
    child,
    log,
    line,
    ended: exited.then(() => undefined),
    kill: () => end("SIGKILL"),
    [Symbol.asyncDispose]: () => end("SIGTERM"),
  };
}
