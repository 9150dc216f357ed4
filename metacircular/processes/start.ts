import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

export interface StartOptions {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** Both outputs are appended to it, by the process itself: it can outlive whoever started it. */
  readonly logPath: string;
}

/** Starts a process in a session of its own, so that it outlives this one and its terminal. Failure to start
 * is the child's `error` event. */
export function startDetached(options: StartOptions): ChildProcess {
  const [program = "", ...rest] = options.argv;
  const log = openSync(options.logPath, "a", 0o600);
  try {
    return spawn(program, rest, {
      cwd: options.workingDirectory,
      env: options.environment,
      detached: true,
      stdio: ["ignore", log, log],
    });
  } finally {
    closeSync(log);
  }
}
