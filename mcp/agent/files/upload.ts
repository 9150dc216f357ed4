import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { fileError, type FileTask } from "./file-errors.ts";
import { assertReplaceable, modeAfter } from "./replace.ts";
import type { Place } from "./walk.ts";

export interface UploadOptions {
  readonly sizeBytes: number;
  /** Permissions; undefined: those of the file that is replaced. */
  readonly mode: number | undefined;
  /** Permissions where none is replaced. */
  readonly newMode: number;
}

/** How a file is after a push. */
export interface Uploaded {
  readonly sha256: Uint8Array;
  readonly sizeBytes: number;
  readonly mode: number;
  /** A file of that name was there before. */
  readonly replaced: boolean;
}

/** The file as long as it is unfinished. */
export interface Temporary {
  readonly name: string;
  /** Called when there is no such file any more. */
  readonly gone: () => void;
}

/** Content goes to the disk in steps, so that the end of a large push is not one long wait. */
const syncEveryBytes = 64 * 1024 * 1024;

/** An unfinished file beside the one that it will replace. Disposing it without `finish` removes it. */
export class Upload implements AsyncDisposable {
  readonly #task: FileTask;
  readonly #place: Place;
  readonly #temporary: Temporary;
  readonly #options: UploadOptions;
  readonly #handle: FileHandle;
  readonly #hash = createHash("sha256");
  #writtenBytes = 0;
  #unsyncedBytes = 0;
  #isThere = true;

  private constructor(
    task: FileTask,
    place: Place,
    temporary: Temporary,
    options: UploadOptions,
    handle: FileHandle,
  ) {
    this.#task = task;
    this.#place = place;
    this.#temporary = temporary;
    this.#options = options;
    this.#handle = handle;
  }

  /** Creates the unfinished file; nobody else can read it. */
  static async create(
    task: FileTask,
    place: Place,
    temporary: Temporary,
    options: UploadOptions,
  ): Promise<Upload> {
    return new Upload(task, place, temporary, options, await place.directory.newFile(temporary.name));
  }

  /** @throws DetailedError FILE_INCOMPLETE where it is more than was announced; and the system's errors */
  async write(chunk: Uint8Array): Promise<void> {
    this.#writtenBytes += chunk.length;
    if (this.#writtenBytes > this.#options.sizeBytes) throw this.#wrongSize("more");
    this.#hash.update(chunk);
    for (let at = 0; at < chunk.length;) at += (await this.#handle.write(chunk, at)).bytesWritten;
    this.#unsyncedBytes += chunk.length;
    if (this.#unsyncedBytes < syncEveryBytes) return;
    this.#unsyncedBytes = 0;
    await this.#handle.datasync();
  }

  /** Puts the file in its place, durably, if it is what the sender has sent.
   * @throws DetailedError FILE_INCOMPLETE, FILE_CORRUPTED, FILE_PATH_REFUSED; and the system's errors */
  async finish(sha256: Uint8Array): Promise<Uploaded> {
    const { sizeBytes } = this.#options;
    if (this.#writtenBytes < sizeBytes) throw this.#wrongSize("less");
    const written = this.#hash.digest();
    if (!written.equals(sha256)) throw this.#corrupted();
    const { directory, name } = this.#place;
    const existing = await assertReplaceable(this.#task, this.#place);
    const mode = modeAfter(existing, this.#options);
    if (existing !== undefined) await keepOwner(this.#handle, existing);
    await this.#handle.chmod(mode);
    await this.#handle.sync();
    await directory.rename(this.#temporary.name, name);
    this.#isThere = false;
    await directory.sync();
    return { sha256: written, sizeBytes, mode, replaced: existing !== undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
    if (this.#isThere) await this.#place.directory.removeFile(this.#temporary.name);
    this.#isThere = false;
    this.#temporary.gone();
  }

  #wrongSize(amount: "more" | "less"): DetailedError {
    return fileError(this.#task, {
      code: "FILE_INCOMPLETE",
      category: "aborted",
      found: `${amount} was sent than the ${this.#options.sizeBytes} bytes that were announced`,
      remedy: "push it again; the old file is untouched",
    });
  }

  #corrupted(): DetailedError {
    return fileError(this.#task, {
      code: "FILE_CORRUPTED",
      category: "aborted",
      found: "what arrived is not what was sent: the SHA-256 sums differ",
      remedy: "push it again; the old file is untouched",
    });
  }
}

/** The file gets the owner and group of the one that it replaces, where the agent's user may give files away. */
async function keepOwner(handle: FileHandle, { uid, gid }: Stats): Promise<void> {
  const own = await handle.stat();
  if (own.uid === uid && own.gid === gid) return;
  try {
    await handle.chown(uid, gid);
  } catch (error) {
    if (!["EPERM", "EINVAL"].includes(systemCodeOf(error))) throw error;
  }
}
