import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { syncDirectory } from "@metacircular/mcdsl/files/write-atomic.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { corrupted, diskFull, wrongSize } from "./push-errors.ts";

/** Layers that were received, complete and verified, and that are not in the runtime's store yet: what a push that
 * broke off need not send again. */
export interface LayerCache {
  has(diffId: string): Promise<boolean>;
  /** Takes in a layer of this size.
   * @throws DetailedError DISK_FULL */
  receive(diffId: string, sizeBytes: number): Promise<ReceivedLayer>;
  /** Its content, which must be there. */
  read(diffId: string): AsyncIterable<Uint8Array>;
  remove(diffId: string): Promise<void>;
  /** Removes what is too old, or too much. @param held are left alone */
  prune(held: ReadonlySet<string>): Promise<void>;
}

/** Disposing it before it is finished removes it. */
export interface ReceivedLayer extends AsyncDisposable {
  /** @throws DetailedError IMAGE_INCOMPLETE where it is more than was announced, DISK_FULL */
  write(chunk: Uint8Array): Promise<void>;
  /** Verifies it, and keeps it durably.
   * @throws DetailedError IMAGE_INCOMPLETE, IMAGE_CORRUPTED */
  finish(): Promise<void>;
}

/** Free space that stays, so that the node goes on working. */
export const spareBytes = 256 * 1024 * 1024;
const syncEveryBytes = 32 * 1024 * 1024;
const readBytes = 1024 * 1024;
const partial = ".partial";

/** Opens the directory, and removes what an agent that died has left unfinished there. */
export async function openLayerCache(options: {
  readonly directory: string;
  readonly clock: Clock;
  /** Default 24 h. */
  readonly maxAgeMs?: number;
  /** Default 32 GiB. */
  readonly maxBytes?: number;
}): Promise<LayerCache> {
  const { directory, clock, maxAgeMs = 24 * 3_600_000, maxBytes = 32 * 1024 ** 3 } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const name of await readdir(directory))
    if (name.endsWith(partial)) await rm(join(directory, name), { force: true });
  const pathOf = (diffId: string): string => join(directory, diffId.replace("sha256:", ""));
  let received = 0;

  async function prune(held: ReadonlySet<string>): Promise<void> {
    const names = (await readdir(directory)).filter((name) => !name.endsWith(partial));
    const found = await Promise.all(names.map((name) => entryOf(directory, name)));
    const newestFirst = found
      .filter((entry) => entry !== undefined)
      .toSorted((a, b) => b.changedAtMs - a.changedAtMs);
    let keptBytes = 0;
    for (const { name, sizeBytes, changedAtMs } of newestFirst) {
      const isTooMuch = keptBytes + sizeBytes > maxBytes || clock.now() - changedAtMs > maxAgeMs;
      if (isTooMuch && !held.has(`sha256:${name}`)) await rm(join(directory, name), { force: true });
      else keptBytes += sizeBytes;
    }
  }

  return {
    prune,
    async has(diffId) {
      return (await entryOf(directory, diffId.replace("sha256:", ""))) !== undefined;
    },
    async receive(diffId, sizeBytes) {
      const { bavail, bsize } = await statfs(directory);
      const neededBytes = sizeBytes + spareBytes;
      if (bavail * bsize < neededBytes) throw diskFull(directory, bavail * bsize, neededBytes);
      received += 1;
      const temporary = `${pathOf(diffId)}.${process.pid}-${received}${partial}`;
      const handle = await open(temporary, "wx", 0o600);
      return receivedLayer({ handle, temporary, path: pathOf(diffId), directory, diffId, sizeBytes });
    },
    read: (diffId) => createReadStream(pathOf(diffId), { highWaterMark: readBytes }),
    remove: (diffId) => rm(pathOf(diffId), { force: true }),
  };
}

function receivedLayer(layer: {
  handle: FileHandle;
  temporary: string;
  path: string;
  directory: string;
  diffId: string;
  sizeBytes: number;
}): ReceivedLayer {
  const { handle, temporary, path, directory, diffId, sizeBytes } = layer;
  const hash = createHash("sha256");
  let writtenBytes = 0;
  let unsyncedBytes = 0;
  let isThere = true;
  return {
    async write(chunk) {
      writtenBytes += chunk.length;
      if (writtenBytes > sizeBytes) throw wrongSize(diffId, "more", sizeBytes);
      hash.update(chunk);
      try {
        for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at)).bytesWritten;
        unsyncedBytes += chunk.length;
        if (unsyncedBytes < syncEveryBytes) return;
        unsyncedBytes = 0;
        await handle.datasync();
      } catch (error) {
        // Something else has taken the space that there was when the layer began.
        if (!["ENOSPC", "EDQUOT"].includes(systemCodeOf(error))) throw error;
        throw diskFull(directory, 0, sizeBytes - writtenBytes + spareBytes);
      }
    },
    async finish() {
      if (writtenBytes < sizeBytes) throw wrongSize(diffId, "less", sizeBytes);
      if (`sha256:${hash.digest("hex")}` !== diffId) throw corrupted(diffId);
      await handle.sync();
      await rename(temporary, path);
      isThere = false;
      await syncDirectory(directory);
    },
    async [Symbol.asyncDispose]() {
      await handle.close();
      if (isThere) await rm(temporary, { force: true });
      isThere = false;
    },
  };
}

interface Entry {
  readonly name: string;
  readonly sizeBytes: number;
  readonly changedAtMs: number;
}

async function entryOf(directory: string, name: string): Promise<Entry | undefined> {
  return stat(join(directory, name)).then(
    ({ size: sizeBytes, mtimeMs: changedAtMs }) => ({ name, sizeBytes, changedAtMs }),
    () => undefined,
  );
}
