import { randomBytes } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

/** Drafts of a service that are there: kept, or being edited elsewhere. Oldest first. */
export async function draftsOf(directory: string, service: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => name.startsWith(`${service}.`) && name.endsWith(".toml"))
    .toSorted()
    .map((name) => join(directory, name));
}

/** Makes a draft that only its owner can read. Its name ends in `.toml`, so that editors know what it is.
 * @returns its path
 * @throws DetailedError DRAFT_IMPOSSIBLE */
export async function createDraft(
  directory: string,
  { service, text, timeMs }: { service: string; text: string | Uint8Array; timeMs: number },
): Promise<string> {
  const time = new Date(timeMs).toISOString().replaceAll(/[-:]|\.\d+Z$/g, "");
  const path = join(directory, `${service}.${time}-${randomBytes(2).toString("hex")}.toml`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(path, text, { flag: "wx", mode: 0o600 });
    return path;
  } catch (cause) {
    throw new DetailedError({
      code: "DRAFT_IMPOSSIBLE",
      category: "failed-precondition",
      attempted: "edit a copy in",
      subject: directory,
      found: `it cannot be written (${systemCodeOf(cause)})`,
      remedy: "make the directory, or name another with XDG_STATE_HOME",
      cause,
    });
  }
}
