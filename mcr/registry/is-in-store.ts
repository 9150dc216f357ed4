import type { BlobStore } from "../blobs/blob-store.ts";
import type { Digest } from "../digest.ts";

/** Whether the store has all of a blob that the database knows: a client that hears so does not send it, and what was lost
 * would stay so. */
export async function isInStore(
  blobs: Pick<BlobStore, "stat">,
  digest: Digest,
  sizeBytes: number,
): Promise<boolean> {
  return (await blobs.stat(digest))?.sizeBytes === sizeBytes;
}
