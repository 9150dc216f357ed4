import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { kindOf } from "./directory.ts";
import type { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { fileError, type FileTask, pathRefused } from "./file-errors.ts";
import type { Place } from "./walk.ts";

/** Of each part that is read. */
const chunkBytes = 256 * 1024;

/** A file that is being read. It is one version from beginning to end: being replaced does not matter to it, and
 * being written to is noticed. */
export class Download implements AsyncDisposable {
  readonly #task: FileTask;
  readonly #handle: FileHandle;
  readonly #before: BigIntStats;
  readonly #hash = createHash("sha256");
  #readBytes = 0;

  private constructor(task: FileTask, handle: FileHandle, before: BigIntStats) {
    this.#task = task;
    this.#handle = handle;
    this.#before = before;
  }

  /** @throws DetailedError FILE_PATH_REFUSED; and the system's errors */
  static async open(task: FileTask, { directory, name }: Place): Promise<Download> {
    const handle = await directory.regularFile(name);
    if (handle !== undefined) {
      try {
        return new Download(task, handle, await handle.stat({ bigint: true }));
      } catch (error) {
        await handle.close();
        throw error;
      }
    }
    const found = await directory.look(name);
    // By now it may be a file again, but it was none.
    throw pathRefused(task, name, found === undefined || found.isFile() ? "being changed" : kindOf(found));
  }

  get sizeBytes(): number {
    return Number(this.#before.size);
  }

  /** Permissions. */
  get mode(): number {
    return Number(this.#before.mode & 0o777n);
  }

  get modifiedMs(): number {
    return Number(this.#before.mtimeMs);
  }

  /** The next part; undefined at the end.
   * @throws DetailedError FILE_CHANGED_WHILE_READ where it became shorter */
  async read(): Promise<Uint8Array | undefined> {
    const missingBytes = this.sizeBytes - this.#readBytes;
    if (missingBytes <= 0) return undefined;
    const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, missingBytes));
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#readBytes);
    if (bytesRead === 0) throw this.#changed();
    this.#readBytes += bytesRead;
    const chunk = buffer.subarray(0, bytesRead);
    this.#hash.update(chunk);
    return chunk;
  }

  /** SHA-256 of what was read, if it is one version of the file.
   * @throws DetailedError FILE_CHANGED_WHILE_READ */
  async finish(): Promise<Uint8Array> {
    const { size, mtimeNs } = await this.#handle.stat({ bigint: true });
    if (size !== this.#before.size || mtimeNs !== this.#before.mtimeNs) throw this.#changed();
    return this.#hash.digest();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  #changed(): DetailedError {
    return fileError(this.#task, {
      code: "FILE_CHANGED_WHILE_READ",
      category: "aborted",
      found: "something wrote to it while it was read",
      remedy: "pull it again, or a copy of it that nothing writes to",
    });
  }
}
