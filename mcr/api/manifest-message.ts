import { type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { DescriptorSchema, ManifestSchema } from "@metacircular/proto/gen/mcr/v1/registry_pb.ts";
import { type Descriptor, shownManifest } from "../manifest/shown-manifest.ts";
import type { StoredManifest } from "../metadata/metadata.ts";

type ManifestMessage = MessageInitShape<typeof ManifestSchema>;
type DescriptorMessage = MessageInitShape<typeof DescriptorSchema>;

/** A manifest with what it points to, as the API shows it. */
export function manifestMessage(manifest: StoredManifest, tags: readonly string[]): ManifestMessage {
  const { repository, digest, mediaType, pushedAtMs, pushedBy } = manifest;
  const { config, layers, manifests, subject, ...shown } = shownManifest(manifest.content);
  const configs = config === undefined ? [] : [config];
  return {
    repository,
    digest,
    mediaType,
    sizeBytes: BigInt(manifest.content.byteLength),
    artifactType: shown.artifactType,
    subject: subject?.digest ?? "",
    annotations: { ...shown.annotations },
    pushed: timestampFromMs(pushedAtMs),
    pushedBy,
    tags: [...tags],
    references: [
      ...configs.map((each) => descriptorMessage("config", each)),
      ...layers.map((layer) => descriptorMessage("layer", layer)),
      ...manifests.map((child) => descriptorMessage("manifest", child)),
    ],
    contentSizeBytes: distinctSize([...configs, ...layers]),
  };
}

function descriptorMessage(kind: string, descriptor: Descriptor): DescriptorMessage {
  const { digest, mediaType, sizeBytes, annotations, platform } = descriptor;
  return { kind, digest, mediaType, sizeBytes: BigInt(sizeBytes), annotations: { ...annotations }, platform };
}

function distinctSize(blobs: readonly Descriptor[]): bigint {
  const sizes = new Map(blobs.map(({ digest, sizeBytes }) => [digest, sizeBytes]));
  return [...sizes.values()].reduce((sum, sizeBytes) => sum + BigInt(sizeBytes), 0n);
}
