import type { BlobStore, StoredBlob } from "../blobs/blob-store.ts";
import { hasCode } from "../blobs/storage-errors.ts";
import { type StagingArea, stageBlob } from "./staging.ts";

/** Blobs on their way at once. */
const lanes = 4;
const failuresKept = 20;

/** How far a copy is. */
export interface CopyCounts {
  /** Of the source, looked at so far. */
  readonly seen: number;
  /** In the target already, in their size. */
  readonly present: number;
  /** Sent; in a dry run, those that would be. */
  readonly copied: number;
  readonly copiedBytes: number;
  /** Deleted from the source while the copy ran. */
  readonly gone: number;
  readonly failed: number;
}

export interface CopyResult extends CopyCounts {
  /** The first twenty. */
  readonly failures: readonly unknown[];
}

export interface BlobCopy {
  readonly source: Pick<BlobStore, "list" | "read">;
  readonly target: Pick<BlobStore, "stat" | "adopt">;
  readonly staging: StagingArea;
  /** Counts, and changes nothing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Called after each blob. */
  readonly onProgress?: (counts: CopyCounts) => void;
}

/** Copies every blob that the target lacks, or has in another size. Each is verified by its digest before the target has
 * it; the target shows it as a whole or not at all. So a copy that broke off goes on when it runs again. The source is
 * only read, and may be in use. What fails is counted, and the rest goes on; but a target or a disk that takes nothing
 * fails with each blob.
 * @throws what the source's list and the signal throw */
export async function copyBlobs(copy: BlobCopy): Promise<CopyResult> {
  const { source, target, staging, dryRun, signal } = copy;
  const counts = { seen: 0, present: 0, copied: 0, copiedBytes: 0, gone: 0, failed: 0 };
  const failures: unknown[] = [];

  async function copyOne({ digest, sizeBytes }: StoredBlob): Promise<void> {
    if ((await target.stat(digest, signal))?.sizeBytes === sizeBytes) {
      counts.present += 1;
      return;
    }
    if (!dryRun) {
      const file = await stageBlob(staging, source, { digest, sizeBytes }, signal);
      await using _ = file;
      await target.adopt(file.path, digest, sizeBytes, signal);
    }
    counts.copied += 1;
    counts.copiedBytes += sizeBytes;
  }

  const blobs = source.list(signal)[Symbol.asyncIterator]();
  async function work(): Promise<void> {
    for (let next = await blobs.next(); next.done !== true; next = await blobs.next()) {
      signal.throwIfAborted();
      counts.seen += 1;
      try {
        await copyOne(next.value);
      } catch (thrown) {
        signal.throwIfAborted();
        if (hasCode(thrown, "BLOB_MISSING")) counts.gone += 1;
        else {
          counts.failed += 1;
          if (failures.length < failuresKept) failures.push(thrown);
        }
      }
      copy.onProgress?.({ ...counts });
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: lanes }, work));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return { ...counts, failures };
}
