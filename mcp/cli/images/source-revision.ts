import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

import { type GitEnd, runGit } from "../processes/run-git.ts";

/** What git says of a source directory. */
export interface SourceRevision {
  /** Commit; full hexadecimal. */
  readonly commit: string;
  readonly committedAtS: number;
  /** Of the commit. */
  readonly tags: readonly string[];
  /** Files below the directory that differ from the commit, or are not in it and not ignored. */
  readonly changed: readonly string[];
  /** URL of the remote `origin` as it is configured; undefined: there is none. */
  readonly origin: string | undefined;
}

interface Options {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Asks git. Undefined: git keeps nothing below the directory.
 * @throws DetailedError GIT_FAILED where it cannot be told */
export async function readRevision(directory: string, options: Options): Promise<SourceRevision | undefined> {
  const git = async (...args: string[]): Promise<GitEnd> => {
    try {
      return await runGit(directory, args, options);
    } catch (cause) {
      options.signal.throwIfAborted();
      throw failed(directory, systemCodeOf(cause) === "ENOENT" ? "there is no git" : messageOf(cause), cause);
    }
  };
  const ask = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await git(...args);
    if (code !== 0) throw failed(directory, stderr.trim() || `git ${args[0]} ended with status ${code}`);
    return stdout;
  };
  const inside = await git("rev-parse", "--is-inside-work-tree");
  if (inside.code !== 0) {
    if (/not a git repository/i.test(inside.stderr)) return undefined;
    throw failed(directory, inside.stderr.trim());
  }
  if ((await ask("ls-files", "-z", "--", ".")) === "") return undefined;
  const head = await git("log", "-1", "--format=%H %ct", "HEAD");
  const [commit = "", committed = ""] = head.stdout.trim().split(" ");
  // Files were added, but nothing was committed yet.
  if (head.code !== 0) return undefined;
  const status = await ask("status", "--porcelain=v1", "-z", "--untracked-files=all", "--", ".");
  const tags = await ask("tag", "--points-at", "HEAD");
  const remote = await git("remote", "get-url", "origin");
  return {
    commit,
    committedAtS: Number(committed),
    tags: tags.split("\n").filter(Boolean),
    changed: changedFiles(status),
    origin: remote.code === 0 ? remote.stdout.trim() : undefined,
  };
}

/** From `git status --porcelain -z`: a renamed file stands there with two names, the second one for itself. */
export function changedFiles(status: string): string[] {
  const entries = status.split("\0").filter(Boolean);
  const files: string[] = [];
  for (let index = 0; index < entries.length; index += 1) {
    const entry = entries[index] ?? "";
    files.push(entry.slice(3));
    if (/^[RC]|^.[RC]/.test(entry)) index += 1;
  }
  return files;
}

function failed(directory: string, found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "GIT_FAILED",
    category: "failed-precondition",
    attempted: "find out the revision of",
    subject: directory,
    found,
    remedy: "mend what git says, or install git; for a build with no revision, add --allow-dirty",
    cause,
  });
}
