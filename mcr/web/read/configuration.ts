import { artifactKind } from "../image/artifact-kind.ts";
import { type ImageConfiguration, parseConfiguration } from "../image/configuration.ts";
import type { Descriptor } from "../../manifest/shown-manifest.ts";
import type { Sources } from "../sources.ts";
import { readBoundedBlob } from "./small-blob.ts";

/** The configuration of an image; undefined where it cannot be read. That of other artifacts can be anything and is not
 * looked at.
 * @throws DetailedError BLOB_STORE_UNAVAILABLE */
export async function readConfiguration(
  { blobs, metadata }: Pick<Sources, "blobs" | "metadata">,
  repository: string,
  config: Descriptor,
): Promise<ImageConfiguration | undefined> {
  if (artifactKind(config.mediaType).kind !== "image") return undefined;
  // What a manifest names need not be of this repository.
  const held = await metadata.blob(repository, config.digest);
  if (held === undefined) return undefined;
  const content = await readBoundedBlob(blobs, { digest: config.digest, sizeBytes: held.sizeBytes });
  return content === undefined ? undefined : parseConfiguration(content);
}
