import type { Digest } from "../../digest.ts";
import { type ArtifactKind, manifestKind } from "../image/artifact-kind.ts";
import { type Descriptor, shownManifest, type ShownManifest } from "../../manifest/shown-manifest.ts";
import type { Sources } from "../sources.ts";

export interface ContentSize {
  readonly sizeBytes: number;
  /** Of an index. */
  readonly platforms: readonly string[];
  /** Of an image. */
  readonly config: Descriptor | undefined;
  /** Undefined: it is an image or an index. */
  readonly artifact: ArtifactKind | undefined;
}

/** Of an index; more are not looked at. */
const mostManifests = 50;

/** How much a manifest stands for in its repository, each blob once, and for which platforms. Of an image the platform is in
 * its configuration, which is not read here. */
export async function contentSize(
  { metadata }: Pick<Sources, "metadata">,
  repository: string,
  digest: Digest,
): Promise<ContentSize> {
  const stored = await metadata.manifest(repository, digest);
  if (stored === undefined) return { sizeBytes: 0, platforms: [], config: undefined, artifact: undefined };
  const manifest = shownManifest(stored.content);
  const blobs = new Map<Digest, number>();
  let sizeBytes = stored.content.length + addBlobs(blobs, manifest);
  for (const child of manifest.manifests.slice(0, mostManifests)) {
    const held = await metadata.manifest(repository, child.digest);
    if (held === undefined) continue;
    sizeBytes += held.content.length + addBlobs(blobs, shownManifest(held.content));
  }
  const platforms = manifest.manifests.filter(isForPlatform).map(({ platform }) => platform);
  const kind = manifestKind(manifest);
  const artifact = manifest.kind === "index" || kind.kind === "image" ? undefined : kind;
  return { sizeBytes, platforms: [...new Set(platforms)], config: manifest.config, artifact };
}

/** BuildKit hangs attestations into an index as manifests for `unknown/unknown`. */
export function isForPlatform({ platform }: { readonly platform: string }): boolean {
  return platform !== "" && !platform.startsWith("unknown");
}

/** @returns what is new in it */
function addBlobs(blobs: Map<Digest, number>, { config, layers }: ShownManifest): number {
  let addedBytes = 0;
  for (const { digest, sizeBytes } of config === undefined ? layers : [config, ...layers]) {
    if (blobs.has(digest)) continue;
    blobs.set(digest, sizeBytes);
    addedBytes += sizeBytes;
  }
  return addedBytes;
}
