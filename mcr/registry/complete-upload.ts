import { hasCode } from "../blobs/storage-errors.ts";
import type { Upload } from "../blobs/upload-store.ts";
import type { Digest } from "../digest.ts";
import type { RegistryParts } from "./parts.ts";

type Parts = Pick<RegistryParts, "metadata" | "blobs" | "uploads" | "rules">;

/** What the repository has no room for does not get into the store, where it would lie until it is collected. The lease
 * comes before the blob is visible, so that no garbage collection takes it before the repository holds it. Being killed
 * between any two steps leaves an upload, or a blob that nobody holds and that is collected later.
 * @param upload with its size as it is after the last byte */
export async function completeUpload(
  { metadata, blobs, uploads, rules }: Parts,
  upload: Upload,
  digest: Digest,
  signal: AbortSignal,
): Promise<void> {
  const quotaBytes = rules.quotaBytes(upload.repository);
  if (quotaBytes !== undefined) await requireRoom(metadata, uploads, upload, digest, quotaBytes);
  const leasing = metadata.leaseBlob(digest, upload.sizeBytes, signal);
  // Looked at when the upload is verified, which nothing may go on with in the background.
  leasing.catch(() => undefined);
  await using finished = await uploads.finish(upload, digest, signal);
  const lease = await leasing;
  await blobs.adopt(finished.file, digest, finished.sizeBytes, signal);
  await metadata.linkBlob(upload.repository, lease, quotaBytes);
}

/** @throws DetailedError QUOTA_EXCEEDED; then the upload is gone, too */
async function requireRoom(
  metadata: Parts["metadata"],
  uploads: Parts["uploads"],
  { repository, id, sizeBytes }: Upload,
  digest: Digest,
  quotaBytes: number,
): Promise<void> {
  try {
    await metadata.requireRoom(repository, { digest, sizeBytes }, quotaBytes);
  } catch (thrown) {
    // Where that fails it expires. After any other failure it can still be completed.
    if (hasCode(thrown, "QUOTA_EXCEEDED")) await uploads.cancel(repository, id).catch(() => false);
    throw thrown;
  }
}
