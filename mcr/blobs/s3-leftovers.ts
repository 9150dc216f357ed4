import { AbortMultipartUploadCommand, ListMultipartUploadsCommand, NoSuchUpload } from "@aws-sdk/client-s3";
import { until } from "./s3-client.ts";
import { isMissing } from "./s3-errors.ts";
import type { S3Target } from "./s3-multipart.ts";

/** Gives up the uploads in parts that a crash left: those that began before that time and that nobody here works at.
 * @throws what the client throws */
export async function giveUpLeftovers(
  target: S3Target,
  prefix: string,
  beforeMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { client, bucket, inProgress } = target;
  let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  for (;;) {
    const page = await client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after }),
      until(signal),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined || inProgress.has(UploadId)) continue;
      if ((Initiated?.getTime() ?? 0) >= beforeMs) continue;
      await giveUp(target, Key, UploadId, signal);
    }
    if (page.IsTruncated !== true) return;
    after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
}

async function giveUp(
  { client, bucket }: S3Target,
  key: string,
  uploadId: string,
  signal: AbortSignal,
): Promise<void> {
  const upload = { Bucket: bucket, Key: key, UploadId: uploadId };
  try {
    await client.send(new AbortMultipartUploadCommand(upload), until(signal));
  } catch (thrown) {
    // Somebody else was quicker.
    if (!(thrown instanceof NoSuchUpload) && !isMissing(thrown)) throw thrown;
  }
}
