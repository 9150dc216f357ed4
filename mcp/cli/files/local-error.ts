import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

const explanations: Partial<Record<string, { found: string; remedy: string }>> = {
  ENOENT: { found: "there is no such file or directory", remedy: "look at the name" },
  EACCES: { found: "you may not", remedy: "look at its owner and permissions" },
  EPERM: { found: "you may not", remedy: "look at its owner and permissions" },
  EISDIR: { found: "it is a directory", remedy: "name a file" },
  ENOTDIR: { found: "a part of its path is not a directory", remedy: "look at the path" },
  ENOSPC: { found: "the disk is full", remedy: "free some space" },
  EDQUOT: { found: "your quota is used up", remedy: "free some space" },
  EROFS: { found: "the file system is read-only", remedy: "choose another place" },
};

/** Why a file of the operator's machine cannot be used.
 * @param attempted continues "cannot …"; `read` or `write` */
export function localFileError(attempted: "read" | "write", path: string, thrown: unknown): DetailedError {
  if (thrown instanceof DetailedError) return thrown;
  const code = systemCodeOf(thrown);
  const { found, remedy } = explanations[code] ?? {
    found: `the system says ${code === "" ? String(thrown) : code}`,
    remedy: "look at the file and its file system",
  };
  return localFileRefused(attempted, path, found, remedy, thrown);
}

export function localFileRefused(
  attempted: "read" | "write",
  path: string,
  found: string,
  remedy: string,
  cause?: unknown,
): DetailedError {
  const code = attempted === "read" ? "LOCAL_FILE_UNREADABLE" : "LOCAL_FILE_UNWRITABLE";
  return new DetailedError({
    code,
    category: "failed-precondition",
    attempted,
    subject: path,
    found,
    remedy,
    cause,
  });
}
