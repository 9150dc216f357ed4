import { mkdir, open, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { maxFileBytes } from "@metacircular/mcdsl/toml/document.ts";

/** Definitions may hold secrets of their services. */
const newFileMode = 0o600;

/** The bytes of a definition file, at most one more than is accepted, so that a device or a huge file is refused
 * without reading on.
 * @throws DetailedError DEFINITION_NOT_FOUND, DEFINITION_UNREADABLE */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    await using handle = await open(file, "r");
    const buffer = Buffer.alloc(maxFileBytes + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** As `readBytes`; undefined where there is no such file. */
export async function readBytesIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readBytes(file);
  } catch (thrown) {
    if (thrown instanceof DetailedError && thrown.code === "DEFINITION_NOT_FOUND") return undefined;
    throw thrown;
  }
}

/** Replaces a definition file whole, or makes it with its directory. Its permissions stay; a link stays a link, and
 * what it points to is replaced.
 * @param before what was read of it; undefined: there was none
 * @throws DetailedError FILE_CHANGED where somebody else changed it since; FILE_NOT_EDITABLE; then it is as it was */
export async function saveDefinition(
  file: string,
  before: Uint8Array | undefined,
  after: string | Uint8Array,
): Promise<void> {
  const now = await readBytesIfThere(file);
  if (!isSame(now, before)) throw changedMeanwhile(file);
  try {
    if (now === undefined) {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      return await writeFileAtomic(file, after, { mode: newFileMode });
    }
    const target = await realpath(file);
    const { mode } = await stat(target);
    await writeFileAtomic(target, after, { mode: mode & 0o777 });
  } catch (cause) {
    throw new DetailedError({
      code: "FILE_NOT_EDITABLE",
      category: "failed-precondition",
      attempted: "write",
      subject: file,
      found: `it cannot be replaced (${systemCodeOf(cause)})`,
      remedy: "check the directory's permissions and the space on its disk",
      cause,
    });
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}

function changedMeanwhile(file: string): DetailedError {
  return new DetailedError({
    code: "FILE_CHANGED",
    category: "aborted",
    attempted: "write",
    subject: file,
    found: "somebody else changed it in the meantime",
    remedy: "look at it, and do this again",
  });
}

function unreadable(file: string, cause: unknown): DetailedError {
  const missing = systemCodeOf(cause) === "ENOENT";
  return new DetailedError({
    code: missing ? "DEFINITION_NOT_FOUND" : "DEFINITION_UNREADABLE",
    category: missing ? "not-found" : "failed-precondition",
    attempted: "read definition",
    subject: file,
    found: missing ? "there is no such file" : "it cannot be read",
    remedy: missing ? "create it, or name another with -f" : "check its type and permissions",
    cause,
  });
}
