import type { Upload } from "../blobs/upload-store.ts";
import type { Digest } from "../digest.ts";
import type { RegistryParts } from "./registry.ts";

type Parts = Pick<RegistryParts, "metadata" | "blobs" | "uploads" | "rules">;

/** @param upload with its size as it is after the last byte
 *
 * The lease comes before the blob is visible, so that no garbage collection takes it before the repository holds it. Being
 * killed between any two steps leaves an upload, or a blob that nobody holds and that is collected later. */
export async function completeUpload(
  { metadata, blobs, uploads, rules }: Parts,
  upload: Upload,
  digest: Digest,
  signal: AbortSignal,
): Promise<void> {
  const [finished, lease] = await Promise.all([
    uploads.finish(upload, digest, signal),
    metadata.leaseBlob(digest, upload.sizeBytes, signal),
  ]);
  await blobs.adopt(finished.file, digest, finished.sizeBytes, signal);
  await metadata.linkBlob(upload.repository, lease, rules.quotaBytes(upload.repository));
}
