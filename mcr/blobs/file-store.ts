import { constants, type Stats } from "node:fs";
import { type FileHandle, access, lstat, open, opendir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { syncDirectory } from "@metacircular/mcdsl/files/write-atomic.ts";
import { algorithmOf, type Digest, type DigestAlgorithm, hexOf, parseDigest } from "../digest.ts";
import type { BlobContent, BlobStore, ByteRange, StoredBlob } from "./blob-store.ts";
import { FileContent } from "./file-content.ts";
import { makePrivateDirectory } from "./private-directory.ts";
import { blobMissing, hasCode, storageFailure, storeUnavailable } from "./storage-errors.ts";

const algorithms: readonly DigestAlgorithm[] = ["sha256", "sha512"];
const fanOut = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));

/** Reading never follows a link that somebody put into the store. */
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW;

export interface FileStoreOptions {
  /** Made where it is missing; its parent has to be there. Uploads have to lie on the same file system. */
  readonly directory: string;
  readonly clock: Clock;
}

/** Blobs as files, `<directory>/<algorithm>/<first two digits>/<digits>`, readable for this user only.
 * @throws DetailedError BLOB_STORE_UNAVAILABLE, STORAGE_FULL */
export async function openFileStore({ directory, clock }: FileStoreOptions): Promise<BlobStore> {
  try {
    await makeDirectories(directory);
  } catch (thrown) {
    throw storageFailure("open the blob store", directory, thrown);
  }
  return new FileStore(directory, clock);
}

class FileStore implements BlobStore {
  readonly #directory: string;
  readonly #clock: Clock;

  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  async stat(digest: Digest, signal?: AbortSignal): Promise<StoredBlob | undefined> {
    signal?.throwIfAborted();
    const found = await fileStats(this.#pathOf(digest));
    return found === undefined ? undefined : storedBlob(digest, found);
  }

  async read(digest: Digest, range?: ByteRange, signal?: AbortSignal): Promise<BlobContent> {
    signal?.throwIfAborted();
    return new FileContent(await openBlob(this.#pathOf(digest), digest), range, signal);
  }

  async adopt(file: string, digest: Digest, sizeBytes: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const path = this.#pathOf(digest);
    const now = new Date(this.#clock.now());
    try {
      // Also over one that is there: nobody knows what became of that since it was verified.
      await makeDurable(file, sizeBytes, now);
      await rename(file, path);
      await syncDirectory(dirname(path));
    } catch (thrown) {
      throw storageFailure("store blob", digest, thrown);
    }
  }

  async delete(digest: Digest, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    try {
      await rm(this.#pathOf(digest), { force: true });
    } catch (thrown) {
      throw storageFailure("delete blob", digest, thrown);
    }
  }

  async *list(signal?: AbortSignal): AsyncGenerator<StoredBlob> {
    for (const algorithm of algorithms) {
      for (const part of fanOut) {
        signal?.throwIfAborted();
        yield* blobsIn(join(this.#directory, algorithm, part), algorithm);
      }
    }
  }

  async check(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    try {
      for (const algorithm of algorithms) {
        await access(join(this.#directory, algorithm), constants.R_OK | constants.W_OK | constants.X_OK);
      }
    } catch (thrown) {
      throw storeUnavailable("use the blob store", this.#directory, thrown);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #pathOf(digest: Digest): string {
    const hex = hexOf(digest);
    return join(this.#directory, algorithmOf(digest), hex.slice(0, 2), hex);
  }
}

/** All of them at the start, and durable, so that storing a blob has one directory to sync. */
async function makeDirectories(directory: string): Promise<void> {
  await makePrivateDirectory(directory);
  for (const algorithm of algorithms) {
    const parent = join(directory, algorithm);
    await makePrivateDirectory(parent);
    await Promise.all(fanOut.map((part) => makePrivateDirectory(join(parent, part))));
    await syncDirectory(parent);
  }
  await syncDirectory(directory);
  await syncDirectory(dirname(directory));
}

async function openBlob(path: string, digest: Digest): Promise<FileHandle> {
  try {
    return await open(path, readFlags);
  } catch (thrown) {
    if (hasCode(thrown, "ENOENT")) throw blobMissing(digest, thrown);
    throw storageFailure("read blob", digest, thrown);
  }
}

/** The content has to be on the disk before its name is. */
async function makeDurable(file: string, sizeBytes: number, now: Date): Promise<void> {
  // For reading: an upload that is complete is closed to writing, for its owner too.
  await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  const found = await handle.stat();
  if (found.size !== sizeBytes) throw new Error(`${file} has ${found.size} bytes, not ${sizeBytes}`);
  await handle.utimes(now, now);
  try {
    await handle.sync();
  } catch (thrown) {
    // After a failure Linux takes for written what is not on the disk: a second attempt would succeed, and be wrong.
    await rm(file, { force: true });
    throw thrown;
  }
}

/** Undefined where nothing is, or no file. */
async function fileStats(path: string): Promise<Stats | undefined> {
  try {
    const found = await lstat(path);
    return found.isFile() ? found : undefined;
  } catch (thrown) {
    if (hasCode(thrown, "ENOENT")) return undefined;
    throw storageFailure("look up blob", path, thrown);
  }
}

async function* blobsIn(directory: string, algorithm: DigestAlgorithm): AsyncGenerator<StoredBlob> {
  try {
    for await (const { name } of await opendir(directory)) {
      const digest = parseDigest(`${algorithm}:${name}`);
      const found = digest === undefined ? undefined : await fileStats(join(directory, name));
      if (digest !== undefined && found !== undefined) yield storedBlob(digest, found);
    }
  } catch (thrown) {
    throw storageFailure("list blobs", directory, thrown);
  }
}

function storedBlob(digest: Digest, found: Stats): StoredBlob {
  return { digest, sizeBytes: found.size, storedAtMs: Math.trunc(found.mtimeMs) };
}
