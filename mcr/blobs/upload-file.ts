import { type Hash, createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { algorithmOf, type Digest, type DigestAlgorithm, formatDigest } from "../digest.ts";
import type { FreeSpace } from "./free-space.ts";
import { hasCode, storageFailure } from "./storage-errors.ts";
import { uploadCutShort, uploadOutOfOrder, uploadTooLarge, uploadUnknown } from "./upload-errors.ts";
import type { UploadRoom } from "./upload-room.ts";
import { type Batches, batchesOf } from "./upload-source.ts";

const hashReadBytes = 1024 * 1024;

/** The hash of what an upload has so far. It is not kept on the disk: after a restart it is computed from the file. */
export interface RunningHash {
  readonly algorithm: DigestAlgorithm;
  state: Hash;
}

/** One upload, as the process knows it. */
export interface UploadFile {
  readonly id: string;
  readonly path: string;
  sizeBytes: number;
  /** What is set aside for it of the room that uploads have, `sizeBytes` included. */
  reservedBytes: number;
  readonly beganAtMs: number;
  lastUsedAtMs: number;
  /** A request works with it. */
  isBusy: boolean;
  /** It is verified and may be on its way into the blob store, so it must not change. */
  isSealed: boolean;
  /** Undefined where it was lost. */
  hash: RunningHash | undefined;
}

export interface AppendLimits {
  readonly maxBlobBytes: number;
  readonly freeSpace: FreeSpace;
  readonly room: UploadRoom;
}

/** Writes a source to the end of the file. What does not fit is taken back as far as this request brought it.
 * @throws DetailedError UPLOAD_UNKNOWN, UPLOAD_CUT_SHORT, UPLOAD_TOO_LARGE, NO_ROOM_FOR_UPLOADS, STORAGE_FULL,
 * BLOB_STORE_UNAVAILABLE */
export async function appendSource(
  upload: UploadFile,
  source: Readable,
  lengthBytes: number | undefined,
  limits: AppendLimits,
  signal: AbortSignal | undefined,
): Promise<void> {
  await using file = await openUpload(upload, constants.O_WRONLY);
  const announcedBytes = upload.sizeBytes + (lengthBytes ?? 0);
  if (announcedBytes > limits.maxBlobBytes) throw uploadTooLarge(upload.id, limits.maxBlobBytes);
  const begin = { sizeBytes: upload.sizeBytes, state: upload.hash?.state.copy() };
  try {
    await limits.room.require(announcedBytes);
    await limits.freeSpace.require(lengthBytes ?? 0);
    using batches = batchesOf(source);
    await writeBatches(upload, file, batches, limits, signal);
    refuseWrongLength(upload, upload.sizeBytes - begin.sizeBytes, lengthBytes, batches);
  } catch (thrown) {
    const failure = storageFailure("write upload", upload.id, thrown);
    if (signal?.aborted !== true && !hasCode(failure, "UPLOAD_CUT_SHORT")) {
      upload.sizeBytes = begin.sizeBytes;
      if (upload.hash !== undefined && begin.state !== undefined) upload.hash.state = begin.state;
    }
    // What was written beyond the last whole batch is not counted anywhere.
    await file.truncate(upload.sizeBytes);
    throw failure;
  }
}

async function writeBatches(
  upload: UploadFile,
  file: FileHandle,
  batches: Batches,
  { maxBlobBytes, freeSpace, room }: AppendLimits,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (;;) {
    const batch = await batches.next(signal);
    if (batch === undefined) return;
    const sizeBytes = batch.reduce((sum, chunk) => sum + chunk.length, 0);
    if (upload.sizeBytes + sizeBytes > maxBlobBytes) throw uploadTooLarge(upload.id, maxBlobBytes);
    await room.reserve(upload.sizeBytes + sizeBytes);
    await freeSpace.spend(sizeBytes);
    await writeBatch(upload, file, batch, sizeBytes);
    batches.release(batch);
  }
}

/** The disk works while the processor computes the hash. */
async function writeBatch(
  upload: UploadFile,
  file: FileHandle,
  batch: readonly Buffer[],
  sizeBytes: number,
): Promise<void> {
  const before = upload.hash?.state.copy();
  const written = writeAll(file, batch, upload.sizeBytes, sizeBytes);
  for (const chunk of batch) upload.hash?.state.update(chunk);
  try {
    await written;
  } catch (thrown) {
    if (upload.hash !== undefined && before !== undefined) upload.hash.state = before;
    throw thrown;
  }
  upload.sizeBytes += sizeBytes;
}

async function writeAll(
  file: FileHandle,
  batch: readonly Buffer[],
  position: number,
  sizeBytes: number,
): Promise<void> {
  const { bytesWritten } = await file.writev(batch, position);
  if (bytesWritten === sizeBytes) return;
  // A write that is cut short says no more than that; what follows gets the reason, such as a full disk.
  const rest = Buffer.concat(batch).subarray(bytesWritten);
  for (let done = 0; done < rest.length;) {
    const part = await file.write(rest, done, rest.length - done, position + bytesWritten + done);
    done += part.bytesWritten;
  }
}

function refuseWrongLength(
  upload: UploadFile,
  cameBytes: number,
  lengthBytes: number | undefined,
  batches: Batches,
): void {
  if (!batches.isComplete || cameBytes < (lengthBytes ?? 0)) {
    throw uploadCutShort(upload.id, upload.sizeBytes, batches.failure);
  }
  if (lengthBytes !== undefined && cameBytes > lengthBytes) {
    const found = `${cameBytes} bytes came where ${lengthBytes} were announced`;
    throw uploadOutOfOrder(upload.id, upload.sizeBytes - cameBytes, found);
  }
}

/** The digest of all that is there, from what was computed on the way, or else from the file. */
export async function digestOf(
  upload: UploadFile,
  wanted: Digest,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  const algorithm = algorithmOf(wanted);
  if (upload.hash?.algorithm === algorithm) {
    return formatDigest(algorithm, upload.hash.state.copy().digest("hex"));
  }
  const hash = createHash(algorithm);
  await using file = await openUpload(upload, constants.O_RDONLY);
  const content = file.createReadStream({
    highWaterMark: hashReadBytes,
    autoClose: false,
    ...(signal === undefined ? {} : { signal }),
  });
  for await (const chunk of content) hash.update(chunk as Buffer);
  return formatDigest(algorithm, hash.digest("hex"));
}

async function openUpload(upload: UploadFile, access: number): Promise<FileHandle> {
  try {
    return await open(upload.path, access | constants.O_NOFOLLOW);
  } catch (thrown) {
    if (hasCode(thrown, "ENOENT")) throw uploadUnknown(upload.id, thrown);
    throw storageFailure("open upload", upload.id, thrown);
  }
}
