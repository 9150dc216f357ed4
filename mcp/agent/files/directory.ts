import { constants, type BigIntStats, type Stats } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rename, rmdir, statfs, unlink } from "node:fs/promises";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
/** Opens what is at a name without touching it. Node.js does not name it; the same on x64 and arm64. */
const O_PATH = 0o10000000;

/** A directory that is held open. What its path leads to later does not matter: everything is done relative to
 * the open directory, by `/proc/self/fd/<n>/<name>`, which is what `openat` and its like do. Names must be single
 * names, never `.` or `..`; a link at a name is never followed. */
export class Directory implements AsyncDisposable {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Opens a directory by a path that is trusted, links included. */
  static async open(path: string): Promise<Directory> {
    return new Directory(await open(path, O_RDONLY | O_DIRECTORY));
  }

  /** Opens a directory in this one. ENOTDIR: it is a link or something else. */
  async directory(name: string): Promise<Directory> {
    return new Directory(await open(this.#at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }

  /** Opens whatever is there for looking at it, and then for reading if it is a regular file; undefined if not.
   * Devices and pipes are not opened, as that alone may have an effect. */
  async regularFile(name: string): Promise<FileHandle | undefined> {
    await using found = await open(this.#at(name), O_PATH | O_NOFOLLOW);
    if (!(await found.stat()).isFile()) return undefined;
    // The link of /proc leads to what was looked at, whatever the name leads to by now.
    return await open(`/proc/self/fd/${found.fd}`, O_RDONLY | O_NONBLOCK);
  }

  /** Creates a file that nobody else can read. EEXIST: there is something of that name. */
  newFile(name: string): Promise<FileHandle> {
    return open(this.#at(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  }

  /** What is there, without following a link; undefined: nothing. */
  async look(name: string): Promise<Stats | undefined> {
    try {
      return await lstat(this.#at(name));
    } catch (error) {
      if (systemCodeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Creates a directory, by default with this one's permissions; the umask applies. EEXIST as `newFile`. */
  async makeDirectory(name: string, mode?: number): Promise<void> {
    const wanted = mode ?? (await this.#handle.stat()).mode;
    await mkdir(this.#at(name), { mode: (wanted & 0o777) | 0o700 });
  }

  /** Gives a file another name in this directory; a file or link that has it is replaced. */
  rename(from: string, to: string): Promise<void> {
    return rename(this.#at(from), this.#at(to));
  }

  /** Removes a file; none may be there. */
  async removeFile(name: string): Promise<void> {
    try {
      await unlink(this.#at(name));
    } catch (error) {
      if (systemCodeOf(error) !== "ENOENT") throw error;
    }
  }

  /** Removes a directory that is empty. */
  removeDirectory(name: string): Promise<void> {
    return rmdir(this.#at(name));
  }

  /** Makes the names in it durable. */
  sync(): Promise<void> {
    return this.#handle.sync();
  }

  /** What the file system would still take of us. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(`/proc/self/fd/${this.#handle.fd}`);
    return bavail * bsize;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  #at(name: string): string {
    return `/proc/self/fd/${this.#handle.fd}/${name}`;
  }
}

/** What a file that is no regular one is, in words. */
export function kindOf(stats: Stats | BigIntStats): string {
  if (stats.isSymbolicLink()) return "a symbolic link";
  if (stats.isDirectory()) return "a directory";
  if (stats.isFIFO()) return "a named pipe";
  if (stats.isSocket()) return "a socket";
  return stats.isFile() ? "a file" : "a device";
}
