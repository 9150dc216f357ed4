import type { Digest } from "../digest.ts";

/** A part of a blob, both ends included, as in an HTTP range. Nothing where it ends before it starts. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface StoredBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** When it came into the store. */
  readonly storedAtMs: number;
}

/** The content of a blob, to be gone through once. A piece is good until the next one is asked for: who keeps it, copies
 * it. Going to the end, leaving the loop and disposing it let go of it. */
export interface BlobContent extends AsyncIterable<Buffer>, AsyncDisposable {}

/** Where content lies by its digest. It knows nothing of repositories, tags and rights. Everything streams: memory does
 * not grow with the size of a blob. */
export interface BlobStore extends AsyncDisposable {
  /** Undefined where it is not there. */
  stat(digest: Digest, signal?: AbortSignal): Promise<StoredBlob | undefined>;
  /** An abort lets go of what is read.
   * @throws DetailedError BLOB_MISSING where it is not there, BLOB_STORE_UNAVAILABLE */
  read(digest: Digest, range?: ByteRange, signal?: AbortSignal): Promise<BlobContent>;
  /** Takes over a complete, verified file of the same machine. When it resolves the blob is durable and visible, and the
   * file is gone. Whether it replaces one of the same size that is there already is up to the store.
   * @throws DetailedError STORAGE_FULL, BLOB_STORE_UNAVAILABLE; then nothing is visible */
  adopt(file: string, digest: Digest, sizeBytes: number, signal?: AbortSignal): Promise<void>;
  /** Absent is success. */
  delete(digest: Digest, signal?: AbortSignal): Promise<void>;
  /** All blobs, in no order. */
  list(signal?: AbortSignal): AsyncIterable<StoredBlob>;
  /** Whether it can be used now, for health. @throws DetailedError BLOB_STORE_UNAVAILABLE */
  check(signal?: AbortSignal): Promise<void>;
}
