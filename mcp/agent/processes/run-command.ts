import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

/** How a command ended. */
export interface CommandEnd {
  /** What went wrong; empty: nothing. */
  readonly problem: string;
  /** The last 4 KiB of what it printed. */
  readonly output: string;
}

const outputLimit = 4_096;
/** Between asking a command to end and killing it. */
const graceMs = 2_000;

/** Runs a program to its end, or until the deadline; then it is ended with all that it started.
 * Rejects where it cannot be started for want of memory or the like. */
export async function runCommand(
  argv: readonly string[],
  environment: Record<string, string>,
  deadline: AbortSignal,
): Promise<CommandEnd> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, {
    env: environment,
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own, so that what it starts ends with it.
    detached: true,
  });
  const output = collectOutput([child.stdout, child.stderr]);
  const problem = await outcomeOf(child, deadline).catch((error: unknown) => notStarted(program, error));
  return { problem, output: output() };
}

function notStarted(program: string, error: unknown): string {
  switch (systemCodeOf(error)) {
    case "ENOENT":
      return `there is no program ${program} (ENOENT)`;
    case "EACCES":
      return `the agent's user may not execute ${program} (EACCES)`;
    default:
      throw error;
  }
}

async function outcomeOf(child: ChildProcess, deadline: AbortSignal): Promise<string> {
  const end = () => void endGroup(child);
  deadline.addEventListener("abort", end, { once: true });
  if (deadline.aborted) end();
  try {
    // Rejects where the program cannot be started.
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    if (deadline.aborted) return "it took too long and was ended";
    if (signal !== null) return `ended by ${signal}`;
    return code === 0 ? "" : `exit code ${code}`;
  } finally {
    deadline.removeEventListener("abort", end);
  }
}

async function endGroup(child: ChildProcess): Promise<void> {
  const closed = once(child, "close").catch(() => undefined);
  signalGroup(child, "SIGTERM");
  const killed = setTimeout(() => {
    signalGroup(child, "SIGKILL");
    // Whatever left the group must not keep us waiting for its output.
    child.stdout?.destroy();
    child.stderr?.destroy();
  }, graceMs);
  await closed;
  clearTimeout(killed);
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}

/** Reads everything and keeps the end. */
function collectOutput(streams: readonly Readable[]): () => string {
  let kept = Buffer.alloc(0);
  const keep = (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk.subarray(-outputLimit)]).subarray(-outputLimit);
  };
  for (const stream of streams) stream.on("data", keep);
  return () => kept.toString("utf8");
}
