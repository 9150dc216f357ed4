import type { Digest } from "../digest.ts";
import { isInStore } from "./is-in-store.ts";
import type { RegistryParts } from "./parts.ts";

type Parts = Pick<RegistryParts, "metadata" | "blobs" | "rules">;

export async function mountBlob(
  { metadata, blobs, rules }: Parts,
  from: string,
  to: string,
  digest: Digest,
): Promise<boolean> {
  const held = await metadata.blob(from, digest, { forPush: true });
  if (held === undefined || !(await isInStore(blobs, digest, held.sizeBytes))) return false;
  if (from === to) return true;
  const lease = await metadata.leaseBlob(digest, held.sizeBytes);
  if (!lease.isStored) return false;
  await metadata.linkBlob(to, lease, rules.quotaBytes(to));
  return true;
}
