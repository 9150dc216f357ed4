import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** How a program ended. */
export interface ProcessEnd {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Last lines of both streams as they came, oldest first. */
  readonly lastLines: readonly string[];
}

export interface ProcessOptions {
  /** The whole environment of the program. */
  readonly environment: Readonly<Record<string, string>>;
  /** Default: that of this process. */
  readonly directory?: string;
  /** Gets each line of both streams as it comes. */
  readonly onLine?: (line: string) => void;
  readonly signal: AbortSignal;
  /** Ends the program once the signal is aborted; default: SIGTERM. It is waited for in either case. */
  readonly end?: (child: RunningProcess) => Promise<void>;
}

export interface RunningProcess {
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<unknown>;
  kill(signal: NodeJS.Signals): void;
}

const keptLines = 40;
const longestLine = 4_096;

/** Runs a program to its end, with no input and out of the terminal's reach: Ctrl-C reaches only this process, which
 * ends the program in its own way.
 * @throws the error of the start, such as ENOENT */
export async function runProcess(
  argv: readonly [string, ...string[]],
  options: ProcessOptions,
): Promise<ProcessEnd> {
  const { environment, directory, onLine, signal } = options;
  const [program, ...rest] = argv;
  const child = spawn(program, rest, {
    env: environment,
    ...(directory === undefined ? {} : { cwd: directory }),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const lastLines: string[] = [];
  const take = (line: string): void => {
    lastLines.push(line);
    if (lastLines.length > keptLines) lastLines.shift();
    onLine?.(line);
  };
  const rests = [child.stdout, child.stderr].map((stream) => takeLines(stream, take));
  await started(child);
  const closed = once(child, "close");
  const onAbort = (): void => void endProcess(child, closed, options.end);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    const [code, endedBy] = (await closed) as [number | null, NodeJS.Signals | null];
    for (const flush of rests) flush();
    return { code, signal: endedBy, lastLines };
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function started(child: ChildProcess): Promise<void> {
  await Promise.race([
    once(child, "spawn"),
    once(child, "error").then(([error]) => {
      throw error;
    }),
  ]);
}

async function endProcess(
  child: ChildProcess,
  ended: Promise<unknown>,
  end: ProcessOptions["end"],
): Promise<void> {
  const { pid } = child;
  if (end === undefined || pid === undefined) child.kill("SIGTERM");
  else await end({ pid, ended, kill: (signal) => void child.kill(signal) });
}

/** Hands over whole lines, those that are too long in part.
 * @returns hands over what came after the last line's end */
function takeLines(stream: NodeJS.ReadableStream, take: (line: string) => void): () => void {
  let rest = "";
  stream.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? "").slice(0, longestLine);
    for (const line of lines) take(line.slice(0, longestLine));
  });
  return () => {
    if (rest !== "") take(rest);
    rest = "";
  };
}
