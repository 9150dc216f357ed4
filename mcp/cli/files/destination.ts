import { once } from "node:events";
import type { Stats } from "node:fs";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { syncDirectory, temporaryPathBeside } from "@metacircular/mcdsl/files/write-atomic.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

import type { Invocation } from "../invocation.ts";
import { localFileError, localFileRefused } from "./local-error.ts";

/** Where a file that is pulled goes to. */
export interface Destination {
  /** Local path; `-`: standard output. */
  readonly name: string;
  /** A file of that name is there and would be replaced. */
  readonly replaces: boolean;
  /** Prepares for content.
   * @param mode permissions of a new file; the umask applies */
  open(mode: number): Promise<Writing>;
}

/** Content on its way. Disposing it without `finish` leaves what was there before. */
export interface Writing extends AsyncDisposable {
  write(chunk: Uint8Array): Promise<void>;
  finish(): Promise<void>;
}

/** Finds the place as `cp` would: in a directory if it is one, else by that name; what is there is replaced.
 * @param local path, `-` for standard output, undefined for the current directory
 * @throws DetailedError LOCAL_FILE_UNWRITABLE */
export async function destinationFor(
  local: string | undefined,
  remotePath: string,
  invocation: Invocation,
): Promise<Destination> {
  if (local === "-") return standardOutput(invocation);
  const name = basename(remotePath);
  const named = local ?? name;
  const isDirectory =
    named.endsWith("/") || (local !== undefined && (await find(named))?.isDirectory() === true);
  const path = isDirectory ? join(named, name) : named;
  const existing = await find(path);
  if (existing === undefined) return file(path, path, undefined);
  if (existing.isDirectory()) throw localFileRefused("write", path, "it is a directory", "name a file");
  if (!existing.isFile())
    throw localFileRefused("write", path, "it is not a regular file", "use `-` for standard output");
  // As with `cp`, a link stays and what it leads to is replaced.
  return file(path, await realpath(path), existing.mode & 0o777);
}

async function find(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (thrown) {
    if (systemCodeOf(thrown) === "ENOENT") return undefined;
    throw localFileError("write", path, thrown);
  }
}

function file(name: string, path: string, existingMode: number | undefined): Destination {
  return {
    name,
    replaces: existingMode !== undefined,
    async open(mode) {
      const temporary = temporaryPathBeside(path);
      try {
        const handle = await open(temporary, "wx", existingMode ?? mode);
        // Without the umask: it is the mode that the file has already.
        if (existingMode !== undefined) await handle.chmod(existingMode);
        return writing(path, temporary, handle);
      } catch (thrown) {
        throw localFileError("write", path, thrown);
      }
    },
  };
}

function writing(path: string, temporary: string, handle: FileHandle): Writing {
  let finished = false;
  return {
    async write(chunk) {
      try {
        await handle.appendFile(chunk);
      } catch (thrown) {
        throw localFileError("write", path, thrown);
      }
    },
    async finish() {
      try {
        await handle.sync();
        await rename(temporary, path);
        finished = true;
        await syncDirectory(dirname(path));
      } catch (thrown) {
        throw localFileError("write", path, thrown);
      }
    },
    async [Symbol.asyncDispose]() {
      await handle.close();
      if (!finished) await rm(temporary, { force: true });
    },
  };
}

function standardOutput({ stdout, signal }: Invocation): Destination {
  return {
    name: "-",
    replaces: false,
    async open() {
      return {
        async write(chunk) {
          if (!stdout.write(chunk)) await once(stdout, "drain", { signal });
        },
        async finish() {},
        async [Symbol.asyncDispose]() {},
      };
    },
  };
}
