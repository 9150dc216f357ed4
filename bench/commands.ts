import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

export type Environment = Readonly<Record<string, string>>;

/** Runs a command to its end and returns how long that took, in milliseconds, the start of the process included.
 * Rejects with what it wrote to standard error when its exit code is not 0. */
export async function timeCommand(argv: readonly string[], environment: Environment): Promise<number> {
  const [program = "", ...args] = argv;
  const beganAtMs = performance.now();
  const child = spawn(program, args, { env: environment, stdio: ["ignore", "ignore", "pipe"] });
  const [complaint] = await Promise.all([text(child.stderr), once(child, "exit")]);
  const durationMs = performance.now() - beganAtMs;
  const { exitCode, signalCode } = child;
  if (exitCode !== 0)
    throw new Error(`${argv.join(" ")}: ended with ${exitCode ?? signalCode}: ${complaint}`);
  return durationMs;
}

/** What a command writes to standard output. Rejects when its exit code is not 0. */
export async function outputOf(argv: readonly string[], environment: Environment): Promise<string> {
  const [program = "", ...args] = argv;
  return (await promisify(execFile)(program, args, { env: environment })).stdout;
}
