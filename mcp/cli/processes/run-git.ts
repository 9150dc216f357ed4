import { execFile } from "node:child_process";

/** How git ended. */
export interface GitEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const timeoutMs = 60_000;
const mostOutputBytes = 8 * 1024 * 1024;

/** Runs git in a directory; it asks nothing, changes nothing and runs no hooks of the repository.
 * @throws the error of the start, such as ENOENT; or of the signal */
export function runGit(
  directory: string,
  args: readonly string[],
  options: { environment: Readonly<Record<string, string | undefined>>; signal: AbortSignal },
): Promise<GitEnd> {
  const { PATH, HOME, XDG_CONFIG_HOME, LANG } = options.environment;
  const env = { PATH, HOME, XDG_CONFIG_HOME, LANG, GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0" };
  const given = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", directory, ...args];
  const { signal } = options;
  const limits = { timeout: timeoutMs, maxBuffer: mostOutputBytes, signal };
  return new Promise((resolve, reject) => {
    execFile("git", given, { env, ...limits }, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr });
      else if (typeof error.code === "number") resolve({ code: error.code, stdout, stderr });
      else reject(new Error(error.message, { cause: error }));
    });
  });
}
