import { type FileHandle, open, stat } from "node:fs/promises";
import { watch } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { addFileLine, LogAssembler } from "./podman-log-line.ts";
import type { LogEntry } from "./runtime.ts";

const blockBytes = 64 * 1024;
/** A writer that never ends its line must not fill our memory. */
const maxLineBytes = 1024 * 1024;
/** Directory watches can miss changes: look anyway. */
const lookAgainMs = 1_000;

export interface LogOptions {
  readonly follow: boolean;
  readonly tail?: number;
  readonly sinceMs?: number;
}

/** Reads a container's log file, which knows fractions of seconds and where lines end, unlike podman's API.
 * With `follow` it ends when the file is removed, which is with its container, or the signal aborts. */
export async function* readLogFile(
  path: string,
  options: LogOptions,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, void> {
  using changes = options.follow ? new DirectoryChanges(dirname(path)) : undefined;
  const sinceMs = options.sinceMs ?? 0;
  let cursor = await LogCursor.open(path);
  try {
    if (options.tail !== undefined) {
      const last = await lastEntries(cursor, options.tail);
      yield* last.filter((entry) => entry.timestampMs >= sinceMs);
    }
    for (;;) {
      for await (const entry of cursor.drain()) {
        if (signal.aborted) return;
        if (entry.timestampMs >= sinceMs) yield entry;
      }
      if (changes === undefined || signal.aborted) break;
      const now = await stat(path).catch(() => undefined);
      if (now === undefined) break;
      if (now.ino !== cursor.inode || now.size < cursor.position) {
        // Rotated: what the old file got last is read before the new one.
        for await (const entry of cursor.drain()) yield entry;
        await cursor.close();
        cursor = await LogCursor.open(path);
      } else {
        await changes.next(clock, signal);
      }
    }
    for (const entry of cursor.flush()) if (entry.timestampMs >= sinceMs) yield entry;
  } finally {
    await cursor.close();
  }
}

/** Reads ever larger pieces of the end until they hold that many entries. The cursor stands at the end then. */
async function lastEntries(cursor: LogCursor, count: number): Promise<LogEntry[]> {
  for (let sizeBytes = Math.max(blockBytes, count * 256); ; sizeBytes *= 4) {
    const whole = await cursor.seekFromEnd(sizeBytes);
    const entries: LogEntry[] = [];
    for await (const entry of cursor.drain()) entries.push(entry);
    // The first of each stream may lack its beginning.
    if (whole || entries.length >= count + 2) return count === 0 ? [] : entries.slice(-count);
  }
}

class LogCursor {
  readonly inode: number;
  readonly #file: FileHandle;
  #position = 0;
  #rest: Buffer = Buffer.alloc(0);
  #assembler = new LogAssembler();

  private constructor(file: FileHandle, inode: number) {
    this.#file = file;
    this.inode = inode;
  }

  static async open(path: string): Promise<LogCursor> {
    const file = await open(path);
    return new LogCursor(file, (await file.stat()).ino);
  }

  /** Up to where the file has been read. */
  get position(): number {
    return this.#position;
  }

  /** Goes to the first line that begins within so many bytes of the end.
   * @returns whether that is the whole file */
  async seekFromEnd(sizeBytes: number): Promise<boolean> {
    const { size } = await this.#file.stat();
    this.#position = Math.max(size - sizeBytes, 0);
    this.#rest = Buffer.alloc(0);
    this.#assembler = new LogAssembler();
    if (this.#position === 0) return true;
    // What is left of the line before is no entry and is left out by the parser.
    return false;
  }

  /** The complete entries from here to the end. */
  async *drain(): AsyncGenerator<LogEntry, void> {
    const block = Buffer.alloc(blockBytes);
    for (;;) {
      const { bytesRead } = await this.#file.read(block, 0, blockBytes, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      let unread = Buffer.concat([this.#rest, block.subarray(0, bytesRead)]);
      for (let end = unread.indexOf("\n"); end >= 0; end = unread.indexOf("\n")) {
        const entry = addFileLine(this.#assembler, unread.subarray(0, end));
        unread = unread.subarray(end + 1);
        if (entry !== undefined) yield entry;
      }
      this.#rest = unread.length > maxLineBytes ? Buffer.alloc(0) : unread;
    }
  }

  flush(): LogEntry[] {
    return this.#assembler.flush();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Tells that something in a directory has changed since it was last asked. */
class DirectoryChanges implements Disposable {
  readonly #watcher;
  #changed = false;
  #wake: () => void = () => undefined;

  constructor(directory: string) {
    const notice = (): void => {
      this.#changed = true;
      this.#wake();
    };
    this.#watcher = watch(directory, notice);
    // The directory goes away together with the container.
    this.#watcher.on("error", notice);
  }

  /** Resolves at a change, at an abort, or after a second. */
  async next(clock: Clock, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    if (!this.#changed) {
      await clock.sleep(lookAgainMs, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    }
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }
}
