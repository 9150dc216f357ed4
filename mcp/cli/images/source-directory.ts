import { realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

/** Absolute paths without links. */
export interface SourceFiles {
  readonly directory: string;
  readonly dockerfile: string;
}

/** Finds the source of an image. Links are followed, but not out of the workspace.
 * @throws DetailedError BUILD_SOURCE_MISSING, BUILD_SOURCE_OUTSIDE */
export async function findSource(
  workspace: string,
  source: { path: string; dockerfile: string },
): Promise<SourceFiles> {
  const root = await real(workspace, "workspace");
  const directory = await within(root, join(root, source.path), "source directory");
  if (!(await stat(directory)).isDirectory()) throw missing(directory, "source directory", "it is a file");
  const dockerfile = await within(root, join(directory, source.dockerfile), "Dockerfile");
  if (!(await stat(dockerfile)).isFile()) throw missing(dockerfile, "Dockerfile", "it is no regular file");
  return { directory, dockerfile };
}

async function within(root: string, path: string, what: string): Promise<string> {
  const found = await real(path, what);
  if (found === root || found.startsWith(root.endsWith(sep) ? root : root + sep)) return found;
  throw new DetailedError({
    code: "BUILD_SOURCE_OUTSIDE",
    category: "failed-precondition",
    attempted: `use ${what}`,
    subject: path,
    found: `it leads to ${found}, out of the workspace ${root}`,
    remedy: "keep sources in the workspace, or name another as workspace in [build] of the configuration",
  });
}

async function real(path: string, what: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    const isMissing = ["ENOENT", "ENOTDIR"].includes(systemCodeOf(cause));
    throw missing(path, what, isMissing ? "there is no such file or directory" : "it cannot be read", cause);
  }
}

const remedies: Readonly<Record<string, string>> = {
  workspace: "create it, or correct workspace in [build] of the configuration, or MCP_BUILD_WORKSPACE",
  "source directory": "create it, or correct path in the definition (default: the service's name)",
  Dockerfile: "create it, or correct [build.images] in the definition",
};

function missing(path: string, what: string, found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "BUILD_SOURCE_MISSING",
    category: "failed-precondition",
    attempted: `use ${what}`,
    subject: path,
    found,
    remedy: remedies[what] ?? "",
    cause,
  });
}
