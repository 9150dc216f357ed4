import type { Digest } from "../digest.ts";
import type { RegistryParts } from "./parts.ts";

type Parts = Pick<RegistryParts, "metadata" | "rules">;

export async function mountBlob(
  { metadata, rules }: Parts,
  from: string,
  to: string,
  digest: Digest,
): Promise<boolean> {
  const held = await metadata.blob(from, digest, { forPush: true });
  if (held === undefined) return false;
  if (from === to) return true;
  const lease = await metadata.leaseBlob(digest, held.sizeBytes);
  if (!lease.isStored) return false;
  await metadata.linkBlob(to, lease, rules.quotaBytes(to));
  return true;
}
