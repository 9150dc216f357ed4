import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { spawn } from "node:child_process";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

export interface CommandOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** Written to its standard input; default: none. The place for secrets. */
  readonly input?: string;
  /** After this it is asked to end. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  /** Undefined: ended by a signal. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const outputBytesMaximum = 4 * 1024 * 1024;
const outputLinesShown = 12;

/** Runs a program to its end, without a shell.
 * @throws DetailedError `COMMAND_NOT_STARTED`, `COMMAND_TIMED_OUT` */
export async function run(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const [program = "", ...rest] = argv;
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  const child = spawn(program, rest, { env: options.environment, signal, stdio: "pipe" });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  // A program that doesn't read its input may close it before it is written.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  child.once("error", reject);
  child.once("close", (code) => resolve(code ?? undefined));
  try {
    const exitCode = await promise;
    return { exitCode, stdout: stdout(), stderr: stderr() };
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw timeout.aborted ? timedOut(argv, options.timeoutMs, stderr()) : notStarted(program, cause);
  }
}

/** As `run`, and returns what it printed; rejects unless it exits with 0.
 * @throws DetailedError `COMMAND_FAILED` besides those of `run` */
export async function runChecked(argv: readonly string[], options: CommandOptions): Promise<string> {
  const result = await run(argv, options);
  if (result.exitCode === 0) return result.stdout;
  throw commandFailed(argv, result);
}

/** The error of a program that did not exit with 0. Its last lines are in it.
 * @param logPath log of the server that may know more */
export function commandFailed(
  argv: readonly string[],
  result: CommandResult,
  logPath?: string,
): DetailedError {
  return new DetailedError({
    code: "COMMAND_FAILED",
    category: "failed-precondition",
    attempted: "run",
    subject: argv.join(" "),
    found: result.exitCode === undefined ? "it was ended by a signal" : `it exited with ${result.exitCode}`,
    ...(logPath === undefined ? {} : { remedy: `mend what it says; ${logPath} may say more` }),
    output: lastLines(result.stderr.trim() === "" ? result.stdout : result.stderr),
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    if (text.length < outputBytesMaximum) text += chunk;
  });
  return () => text;
}

function lastLines(text: string): string[] {
  return text.trimEnd().split("\n").slice(-outputLinesShown);
}

function notStarted(program: string, cause: unknown): DetailedError {
  const missing = systemCodeOf(cause) === "ENOENT";
  return new DetailedError({
    code: "COMMAND_NOT_STARTED",
    category: "failed-precondition",
    attempted: "run",
    subject: program,
    found: missing ? "there is no such program" : "it could not be started",
    remedy: missing ? "install it, and check PATH" : "check its permissions",
    cause,
  });
}

function timedOut(argv: readonly string[], timeoutMs: number, stderr: string): DetailedError {
  return new DetailedError({
    code: "COMMAND_TIMED_OUT",
    category: "deadline-exceeded",
    attempted: "run",
    subject: argv.join(" "),
    found: `it did not end within ${timeoutMs / 1_000} s`,
    output: lastLines(stderr),
  });
}
