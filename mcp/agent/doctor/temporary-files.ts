import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fine, type Judgement, warning } from "@metacircular/mcp-core/doctor/finding.ts";
import { temporaryFilePrefix } from "@metacircular/mcp-core/file-path.ts";
import type { Check } from "./check.ts";

/** As `temporaryPathBeside` names them; pushes have names of their own. */
const temporaryName = /^\..+\.[0-9a-f]{12}\.tmp$/;
const isTemporary = (name: string): boolean =>
  temporaryName.test(name) || name.startsWith(temporaryFilePrefix);
const hourMs = 3_600_000;
const mostListed = 20;
/** Directories that are looked into, and levels below each of them. */
const mostDirectories = 2_000;
const deepest = 4;

/** Files that were to replace others and that nobody will ever finish. */
export const temporaryFilesCheck: Check = {
  name: "temporary-files",
  async run({ files, directories, clock }, signal) {
    const roots = new Set([
      directories.services,
      directories.state,
      dirname(files.database),
      dirname(files.token),
    ]);
    const found = new Map<string, number>();
    const looked = { directories: 0 };
    for (const root of roots) await collect(root, deepest, found, looked, signal);
    return judgeTemporaryFiles(found, clock.now());
  },
};

/** @param found time of the last change by path, milliseconds since the epoch */
export function judgeTemporaryFiles(found: ReadonlyMap<string, number>, nowMs: number): Judgement[] {
  const old = [...found].filter(([, changedAtMs]) => nowMs - changedAtMs > hourMs).map(([path]) => path);
  if (old.length === 0) return [fine("temporary files", "none is left over")];
  return old
    .toSorted()
    .slice(0, mostListed)
    .map((path) => warning(path, "a write that was interrupted left it behind", `rm ${asWord(path)}`));
}

/** As one word of a shell: containers choose names in the services' directories, and remedies are pasted. */
function asWord(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

async function collect(
  directory: string,
  levels: number,
  found: Map<string, number>,
  looked: { directories: number },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (looked.directories >= mostDirectories) return;
  looked.directories += 1;
  // What a container's user has closed to others is not ours to look into.
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && levels > 0) await collect(path, levels - 1, found, looked, signal);
    if (!entry.isFile() || !isTemporary(entry.name)) continue;
    const status = await stat(path).catch(() => undefined);
    if (status !== undefined) found.set(path, status.mtimeMs);
  }
}
