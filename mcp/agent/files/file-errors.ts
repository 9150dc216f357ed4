import { DetailedError, type ErrorFacts } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

/** What is done to which file; both appear in errors. */
export interface FileTask {
  readonly action: "push" | "pull";
  /** Absolute, on the node. */
  readonly path: string;
}

type Found = Pick<ErrorFacts, "code" | "category" | "found"> &
  Partial<Pick<ErrorFacts, "remedy" | "facts" | "cause">>;

export function fileError({ action, path }: FileTask, found: Found): DetailedError {
  return new DetailedError({ attempted: action, subject: path, ...found });
}

export function pathInvalid(task: FileTask, found: string): DetailedError {
  return fileError(task, {
    code: "FILE_PATH_INVALID",
    category: "invalid-argument",
    found,
    remedy: "write it relative to the service's directory, such as certs/server.pem",
  });
}

/** A link or a special file where a directory or a regular file has to be.
 * @param place the part of the path that it is at */
export function pathRefused(task: FileTask, place: string, kind: string): DetailedError {
  const remedies: Partial<Record<string, string>> = {
    "a symbolic link": "name the file it leads to; links are not followed",
    "a directory": "name a file in it",
  };
  return fileError(task, {
    code: "FILE_PATH_REFUSED",
    category: "failed-precondition",
    found: `${place} is ${kind}`,
    remedy: remedies[kind] ?? "only regular files are pushed and pulled",
  });
}

/** What the operating system said, as something an operator can act on. What is a DetailedError stays so. */
export function fromSystem(task: FileTask, error: unknown): unknown {
  if (error instanceof DetailedError) return error;
  const code = systemCodeOf(error);
  if (!/^E[A-Z0-9]+$/.test(code)) return error;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return diskFull(task, code === "ENOSPC" ? "the disk is full" : "the quota is used up", error);
  }
  if (code === "ENOENT") return notFound(task, "there is no such file", error);
  if (code === "EISDIR") return pathRefused(task, task.path, "a directory");
  const denied = code === "EACCES" || code === "EPERM";
  return fileError(task, {
    code: "FILE_ACCESS_FAILED",
    category: "failed-precondition",
    found: denied ? "the agent's user may not do this there" : `the system says ${code}`,
    remedy: denied
      ? "look at the owner and the permissions of the file and its directories"
      : "look at the file system, and at the agent's log",
    cause: error,
  });
}

export function notFound(task: FileTask, found: string, cause?: unknown): DetailedError {
  return fileError(task, {
    code: "FILE_NOT_FOUND",
    category: "not-found",
    found,
    remedy: "look at the name and the service",
    cause,
  });
}

export function diskFull(task: FileTask, found: string, cause?: unknown): DetailedError {
  return fileError(task, {
    code: "DISK_FULL",
    category: "resource-exhausted",
    found,
    remedy: "free some space on the node; what was there before is untouched",
    cause,
  });
}
