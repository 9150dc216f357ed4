import type { FileHandle } from "node:fs/promises";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { type PartBuffers, partSizeBytes } from "./part-buffers.ts";
import { until } from "./s3-client.ts";

/** Parts of one blob on their way at once. */
const partsAtOnce = 2;
const abortTimeoutMs = 30_000;

export interface S3Target {
  readonly client: S3Client;
  readonly bucket: string;
  readonly buffers: PartBuffers;
  /** The ids of the uploads in parts that this process works at. */
  readonly inProgress: Set<string>;
}

interface Part {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
}

/** Sends a file as an object, in one request or in parts. The store verifies each request by the SHA-256 in its
 * signature. An object becomes visible as a whole.
 * @throws what the client throws; then the store keeps nothing, as far as it can be told so */
export async function sendFile(
  target: S3Target,
  key: string,
  file: FileHandle,
  sizeBytes: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (sizeBytes > partSizeBytes) return sendParts(target, key, file, sizeBytes, signal);
  await target.buffers.use(async (buffer) => {
    const body = await readPart(file, buffer, 0, sizeBytes);
    await target.client.send(
      new PutObjectCommand({ Bucket: target.bucket, Key: key, Body: body, ContentType: contentType }),
      until(signal),
    );
  });
}

const contentType = "application/octet-stream";

async function sendParts(
  target: S3Target,
  key: string,
  file: FileHandle,
  sizeBytes: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { client, bucket, inProgress } = target;
  const object = { Bucket: bucket, Key: key };
  const { UploadId: uploadId } = await client.send(
    new CreateMultipartUploadCommand({ ...object, ContentType: contentType }),
    until(signal),
  );
  if (uploadId === undefined) throw new Error("the store gave no id for an upload in parts");
  inProgress.add(uploadId);
  const upload = { ...object, UploadId: uploadId };
  try {
    const parts = await sendAllParts(target, upload, file, sizeBytes, signal);
    await client.send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }),
      until(signal),
    );
  } catch (thrown) {
    await abandon(client, upload);
    throw thrown;
  } finally {
    inProgress.delete(uploadId);
  }
}

async function sendAllParts(
  { client, buffers }: S3Target,
  upload: { Bucket: string; Key: string; UploadId: string },
  file: FileHandle,
  sizeBytes: number,
  signal: AbortSignal | undefined,
): Promise<Part[]> {
  const numbers = Array.from(
    { length: Math.ceil(sizeBytes / partSizeBytes) },
    (_, index) => index + 1,
  ).values();
  const parts: Part[] = [];
  const failed = new AbortController();
  const abortSignal = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  async function sendSome(): Promise<void> {
    for (const PartNumber of numbers) {
      await buffers.use(async (buffer) => {
        abortSignal.throwIfAborted();
        const body = await readPart(file, buffer, (PartNumber - 1) * partSizeBytes, sizeBytes);
        const command = new UploadPartCommand({ ...upload, PartNumber, Body: body });
        const { ETag } = await client.send(command, { abortSignal });
        parts.push({ PartNumber, ETag });
      });
    }
  }
  // All have to be over before the caller closes the file.
  const lanes = await Promise.allSettled(
    Array.from({ length: partsAtOnce }, () =>
      sendSome().catch((thrown: unknown) => {
        failed.abort(thrown);
        throw thrown;
      }),
    ),
  );
  if (failed.signal.aborted) throw failed.signal.reason;
  const refused = lanes.find((lane) => lane.status === "rejected");
  if (refused !== undefined) throw refused.reason;
  return parts.toSorted((a, b) => a.PartNumber - b.PartNumber);
}

/** Reads what belongs into a part from that position. */
async function readPart(
  file: FileHandle,
  buffer: Buffer,
  position: number,
  sizeBytes: number,
): Promise<Buffer> {
  const wanted = Math.min(partSizeBytes, sizeBytes - position);
  for (let done = 0; done < wanted;) {
    const { bytesRead } = await file.read(buffer, done, wanted - done, position + done);
    if (bytesRead === 0) throw new Error(`the file ended ${wanted - done} bytes early`);
    done += bytesRead;
  }
  return buffer.subarray(0, wanted);
}

/** What cannot be told to the store now, or what it was still writing then, is found by `giveUpLeftovers` later. */
async function abandon(
  client: S3Client,
  upload: { Bucket: string; Key: string; UploadId: string },
): Promise<void> {
  const abortSignal = AbortSignal.timeout(abortTimeoutMs);
  await client.send(new AbortMultipartUploadCommand(upload), { abortSignal }).catch(() => {});
}
