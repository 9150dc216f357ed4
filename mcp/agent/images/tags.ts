import type { ImageReference } from "@metacircular/mcp-core/image.ts";
import type { ImageRegistry } from "./image-registry.ts";

/** What a tag names in its registry. */
export interface NamedByTag {
  readonly digest: string;
  /** Of an index: the digests of the images that it lists. */
  readonly members: readonly string[];
}

/** Asks what a tag names; undefined: the registry has no such tag.
 * @param known digests of the image that it may name: an index is looked into only where it is none of these
 * @throws DetailedError those of the registry */
export async function lookUpTag(
  registry: Pick<ImageRegistry, "digestOf" | "membersOf">,
  { repository, tag }: Pick<ImageReference, "repository" | "tag">,
  known: readonly string[],
  signal?: AbortSignal,
): Promise<NamedByTag | undefined> {
  const digest = await registry.digestOf(repository, tag, signal);
  if (digest === undefined) return undefined;
  const members = known.includes(digest) ? [] : await registry.membersOf(repository, digest, signal);
  return { digest, members };
}

/** Whether the tag names the image with these digests: itself, or as one of the platforms of an index. */
export function isNamedBy({ digest, members }: NamedByTag, digests: readonly string[]): boolean {
  return digests.includes(digest) || members.some((member) => digests.includes(member));
}
