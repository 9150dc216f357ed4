import type { ImageReference } from "@metacircular/mcp-core/image.ts";
import type { ImageDigestTable } from "../registry/image-digests.ts";
import type { Image } from "../runtime/runtime.ts";
import type { ImageRegistry } from "./image-registry.ts";

/** What a tag names in its registry, compared with an image of the node. */
export interface NamedByTag {
  readonly digest: string;
  /** It names that image: itself, or as one of the platforms of an index. */
  readonly isSame: boolean;
}

/** What of an image is compared. */
export type ComparedImage = Pick<Image, "id" | "digests" | "architecture" | "os">;

/** Asks what a tag names; undefined: the registry has no such tag. An image that was built on the node has other
 * digests there than in the registry. Then its configuration tells, and that is remembered.
 * @throws DetailedError those of the registry */
export async function lookUpTag(
  {
    registry,
    known,
  }: {
    registry: Pick<ImageRegistry, "address" | "digestOf" | "manifest">;
    known: Pick<ImageDigestTable, "of" | "record">;
  },
  { repository, tag }: Pick<ImageReference, "repository" | "tag">,
  image: ComparedImage,
  signal?: AbortSignal,
): Promise<NamedByTag | undefined> {
  const digest = await registry.digestOf(repository, tag, signal);
  if (digest === undefined) return undefined;
  const name = `${registry.address}/${repository}`;
  const digests = new Set([...image.digests, ...known.of(image.id, name)]);
  if (digests.has(digest)) return { digest, isSame: true };
  const manifest = await registry.manifest(repository, digest, signal);
  const members = membersIn(manifest);
  if (members.some((member) => digests.has(member.digest))) return { digest, isSame: true };
  const own = members.find(({ architecture, os }) => architecture === image.architecture && os === image.os);
  const isIndex = members.length > 0;
  const platform = isIndex ? own && (await registry.manifest(repository, own.digest, signal)) : manifest;
  const isSame = platform !== undefined && configurationIn(platform) === `sha256:${image.id}`;
  if (isSame) known.record(image.id, name, digest);
  return { digest, isSame };
}

interface Member {
  readonly digest: string;
  readonly architecture: string;
  readonly os: string;
}

/** Digest of the configuration that a manifest names (OCI image manifest specification); undefined: it names none. */
export function configurationIn(manifest: Readonly<Record<string, unknown>>): string | undefined {
  return textIn(manifest["config"], "digest");
}

/** The images that an index lists (OCI image index specification); none of a manifest. */
export function membersIn(manifest: Readonly<Record<string, unknown>>): Member[] {
  const listed: unknown = manifest["manifests"];
  if (!Array.isArray(listed)) return [];
  return (listed as unknown[]).flatMap((entry) => {
    const digest = textIn(entry, "digest");
    const platform: unknown =
      typeof entry === "object" && entry !== null ? Reflect.get(entry, "platform") : undefined;
    const architecture = textIn(platform, "architecture") ?? "";
    return digest === undefined ? [] : [{ digest, architecture, os: textIn(platform, "os") ?? "" }];
  });
}

function textIn(value: unknown, key: string): string | undefined {
  const found: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === "string" ? found : undefined;
}
