import type { Readable } from "node:stream";
import type { Digest, DigestAlgorithm } from "../digest.ts";

/** An upload in progress. It belongs to one repository and survives a restart of the server. */
export interface Upload {
  /** A UUID, as the OCI distribution specification asks for. */
  readonly id: string;
  readonly repository: string;
  /** How much there is: the next chunk begins here. */
  readonly sizeBytes: number;
  readonly lastUsedAtMs: number;
}

/** What is to be appended. */
export interface ExpectedChunk {
  readonly offset?: number;
  readonly lengthBytes?: number;
  /** Of the whole upload. */
  readonly maxBytes?: number;
  /** Of all uploads in progress in the repository together. */
  readonly maxRepositoryBytes?: number;
}

/** A complete upload that has the digest that was asked for, still private. It has its room until it is disposed;
 * then, where the blob store did not take it, until somebody else needs that. */
export interface FinishedUpload extends AsyncDisposable {
  /** To be given to `BlobStore.adopt`, which takes it away. */
  readonly file: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Uploads in progress, as files on the disk of this machine. One request at a time writes to an upload. */
export interface UploadStore extends AsyncDisposable {
  /** How many are in progress. */
  readonly count: number;
  /** @param algorithm of the digest that `finish` will get, where the client says so. Default: sha256. Another one works
   * as well, but `finish` has to read everything again.
   * @throws DetailedError STORAGE_FULL, TOO_MANY_UPLOADS */
  begin(repository: string, algorithm?: DigestAlgorithm): Promise<Upload>;
  /** Undefined where the repository has none of that id. */
  find(repository: string, id: string): Promise<Upload | undefined>;
  /** Writes everything that the stream brings at the end of what is there. What came before the stream broke off
   * stays, and `find` tells how much. What does not fit (UPLOAD_TOO_LARGE, STORAGE_FULL) is taken back to where this call
   * began, so that a full disk gets its room again. The source is let go, not ended.
   * @param expected where the caller believes that the end is, and how much will come, where it says so; and how large the
   * upload, and all of the repository, may become, where that is less than the store takes
   * @throws DetailedError NO_ROOM_FOR_UPLOADS, UPLOAD_UNKNOWN, UPLOAD_OUT_OF_ORDER (nothing is written), UPLOAD_BUSY, UPLOAD_CUT_SHORT,
   * UPLOAD_TOO_LARGE, STORAGE_FULL */
  append(
    upload: Pick<Upload, "repository" | "id">,
    source: Readable,
    expected: ExpectedChunk,
    signal?: AbortSignal,
  ): Promise<Upload>;
  /** Verifies the whole. Where the digest differs the upload is removed. Where the blob store fails to take it, it may be
   * finished once more.
   * @throws DetailedError UPLOAD_UNKNOWN, UPLOAD_BUSY, DIGEST_MISMATCH */
  finish(
    upload: Pick<Upload, "repository" | "id">,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<FinishedUpload>;
  /** Returns whether there was one. @throws DetailedError UPLOAD_BUSY */
  cancel(repository: string, id: string): Promise<boolean>;
  /** Removes what nobody touched for so long, and what is not complete after seven times as long. @returns how many */
  expire(olderThanMs: number): Promise<number>;
}
