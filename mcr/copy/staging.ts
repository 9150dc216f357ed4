import { createHash, randomUUID } from "node:crypto";
import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { claimFile } from "@metacircular/mcdsl/database/claim.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import { type FreeSpace, guardFreeSpace } from "../blobs/free-space.ts";
import { makePrivateDirectory } from "../blobs/private-directory.ts";
import { storageFailure } from "../blobs/storage-errors.ts";
import { algorithmOf, type Digest, formatDigest } from "../digest.ts";

/** Where blobs are verified on their way from one store to the other. Disposing it lets another copy run. */
export interface StagingArea extends AsyncDisposable {
  readonly directory: string;
  readonly freeSpace: FreeSpace;
}

/** What a copy that broke off left there is removed.
 * @param directory on the file system of the target, where that is a file store; made where it is missing
 * @throws DetailedError STORAGE_COPY_RUNS, BLOB_STORE_UNAVAILABLE, STORAGE_FULL */
export async function openStaging(directory: string, minFreeBytes: number): Promise<StagingArea> {
  try {
    await makePrivateDirectory(directory);
    using cleanup = new DisposableStack();
    const claim = cleanup.use(
      claimFile(join(directory, "copy"), {
        code: "STORAGE_COPY_RUNS",
        what: "the directory of blobs that are copied",
        holder: "another copy",
      }),
    );
    for (const name of await readdir(directory)) {
      if (name.endsWith(".blob")) await rm(join(directory, name), { force: true });
    }
    cleanup.move();
    return {
      directory,
      freeSpace: guardFreeSpace(directory, minFreeBytes),
      [Symbol.asyncDispose]: async () => claim[Symbol.dispose](),
    };
  } catch (thrown) {
    throw storageFailure("copy blobs", directory, thrown);
  }
}

/** Fetches a blob into a file of its own, and verifies it. Disposing removes the file, where it is still there.
 * @throws DetailedError BLOB_MISSING, BLOB_DAMAGED, STORAGE_FULL, BLOB_STORE_UNAVAILABLE */
export async function stageBlob(
  { directory, freeSpace }: StagingArea,
  source: Pick<BlobStore, "read">,
  { digest, sizeBytes }: { readonly digest: Digest; readonly sizeBytes: number },
  signal: AbortSignal,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = join(directory, `${randomUUID()}.blob`);
  const remove = (): Promise<void> => rm(path, { force: true });
  try {
    const hash = createHash(algorithmOf(digest));
    let cameBytes = 0;
    {
      await using content = await source.read(digest, undefined, signal);
      await using file = await open(path, "wx", 0o600);
      for await (const piece of content) {
        signal.throwIfAborted();
        await freeSpace.spend(piece.length);
        hash.update(piece);
        for (let done = 0; done < piece.length;) {
          done += (await file.write(piece, done, piece.length - done)).bytesWritten;
        }
        cameBytes += piece.length;
      }
    }
    const found = formatDigest(algorithmOf(digest), hash.digest("hex"));
    if (found !== digest || cameBytes !== sizeBytes) throw damaged(digest, found, cameBytes);
    return { path, [Symbol.asyncDispose]: remove };
  } catch (thrown) {
    await remove();
    throw storageFailure("copy blob", digest, thrown);
  }
}

function damaged(digest: Digest, found: Digest, cameBytes: number): DetailedError {
  return new DetailedError({
    code: "BLOB_DAMAGED",
    category: "internal",
    attempted: "copy blob",
    subject: digest,
    found: `the store has ${cameBytes} bytes of the digest ${found} under this name; they were not copied`,
    remedy: "push the image again, or restore the store from its backup",
  });
}
