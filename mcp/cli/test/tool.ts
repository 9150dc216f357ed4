import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const main = join(import.meta.dirname, "..", "main.ts");

/** How a run of `mcp` ended. */
export interface ToolResult {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of `mcp` that is still going on. */
export interface RunningTool {
  readonly child: ChildProcess;
  readonly result: Promise<ToolResult>;
  /** What it has written to standard error so far. */
  written(): string;
  /** Resolves once standard error or output matches. */
  seen(pattern: RegExp): Promise<void>;
}

/** Starts the real command line in a process of its own, with nothing of this process's environment. */
export function startTool(
  argv: readonly string[],
  options: { env?: Readonly<Record<string, string>>; input?: string } = {},
): RunningTool {
  const env = { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ...compileCache(), ...options.env };
  const child = spawn(process.execPath, [main, ...argv], { env, stdio: "pipe" });
  const written = { stdout: "", stderr: "" };
  const watchers = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
      for (const watch of watchers) watch();
    });
  }
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const result = once(child, "close").then(([code, signal]): ToolResult => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    ...written,
  }));
  async function seen(pattern: RegExp): Promise<void> {
    const matched = Promise.withResolvers<void>();
    const watch = (): void => {
      if (pattern.test(written.stdout) || pattern.test(written.stderr)) matched.resolve();
    };
    watchers.add(watch);
    watch();
    const early = result.then((ended) => {
      throw new Error(`mcp ended before it wrote ${pattern}: ${JSON.stringify(ended)}`);
    });
    early.catch(() => {});
    await Promise.race([matched.promise, early]);
    watchers.delete(watch);
  }
  return { child, result, seen, written: () => written.stderr };
}

/** Runs the command line to its end. */
export async function runTool(
  argv: readonly string[],
  options: { env?: Readonly<Record<string, string>>; input?: string } = {},
): Promise<ToolResult> {
  return startTool(argv, options).result;
}

/** What a command printed as JSON, in the shape that the test expects. */
export function parsed<T>(text: string): T {
  return JSON.parse(text) as T;
}

/** Starting from sources is twice as fast with compiled code kept. */
function compileCache(): Record<string, string> {
  return { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join("/tmp", "mcp-test-compiled") };
}
