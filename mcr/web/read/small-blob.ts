import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { BlobStore } from "../../blobs/blob-store.ts";
import type { Digest } from "../../digest.ts";

/** Of a configuration that is shown; usual ones have some KiB. */
const maxBytes = 1024 * 1024;

/** A small blob in memory; undefined where it is too large or gone: then there is less to show.
 * @throws DetailedError BLOB_STORE_UNAVAILABLE */
export async function readBoundedBlob(
  blobs: Pick<BlobStore, "read">,
  { digest, sizeBytes }: { readonly digest: Digest; readonly sizeBytes: number },
): Promise<Buffer | undefined> {
  if (sizeBytes > maxBytes) return undefined;
  try {
    await using content = await blobs.read(digest);
    const chunks: Buffer[] = [];
    let readBytes = 0;
    for await (const piece of content) {
      readBytes += piece.length;
      if (readBytes > maxBytes) return undefined;
      chunks.push(Buffer.from(piece));
    }
    return Buffer.concat(chunks);
  } catch (thrown) {
    if (thrown instanceof DetailedError && thrown.code === "BLOB_MISSING") return undefined;
    throw thrown;
  }
}
