import { type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { DescriptorSchema, ManifestSchema } from "@metacircular/proto/gen/mcr/v1/registry_pb.ts";
import { z } from "zod";
import type { StoredManifest } from "../metadata/metadata.ts";

type ManifestMessage = MessageInitShape<typeof ManifestSchema>;
type DescriptorMessage = MessageInitShape<typeof DescriptorSchema>;

const annotations = z.record(z.string(), z.string()).nullish().catch(undefined);

const descriptor = z.looseObject({
  mediaType: z.string().default(""),
  digest: z.string(),
  size: z.int().min(0),
  annotations,
  platform: z
    .looseObject({
      os: z.string().catch(""),
      architecture: z.string().catch(""),
      variant: z.string().catch(""),
    })
    .nullish()
    .catch(undefined),
});

/** Of what was checked when it was pushed only as much as is shown; what was not, such as platforms, is left out where it is
 * something else. */
const content = z.looseObject({
  artifactType: z.string().default(""),
  subject: descriptor.nullish(),
  config: descriptor.nullish(),
  layers: z.array(descriptor).nullish(),
  manifests: z.array(descriptor).nullish(),
  annotations,
});

/** A manifest with what it points to, as the API shows it. */
export function manifestMessage(manifest: StoredManifest, tags: readonly string[]): ManifestMessage {
  const { repository, digest, mediaType, pushedAtMs, pushedBy } = manifest;
  const read = content.parse(JSON.parse(new TextDecoder().decode(manifest.content)));
  const blobs = [...(read.config ? [read.config] : []), ...(read.layers ?? [])];
  return {
    repository,
    digest,
    mediaType,
    sizeBytes: BigInt(manifest.content.byteLength),
    artifactType: read.artifactType,
    subject: read.subject?.digest ?? "",
    annotations: { ...read.annotations },
    pushed: timestampFromMs(pushedAtMs),
    pushedBy,
    tags: [...tags],
    references: [
      ...(read.config ? [descriptorMessage("config", read.config)] : []),
      ...(read.layers ?? []).map((layer) => descriptorMessage("layer", layer)),
      ...(read.manifests ?? []).map((child) => descriptorMessage("manifest", child)),
    ],
    contentSizeBytes: distinctSize(blobs),
  };
}

type ReadDescriptor = z.output<typeof descriptor>;

function descriptorMessage(kind: string, read: ReadDescriptor): DescriptorMessage {
  const { os = "", architecture = "", variant = "" } = read.platform ?? {};
  return {
    kind,
    digest: read.digest,
    mediaType: read.mediaType,
    sizeBytes: BigInt(read.size),
    annotations: { ...read.annotations },
    platform: [os, architecture, variant].filter((part) => part !== "").join("/"),
  };
}

function distinctSize(blobs: readonly ReadDescriptor[]): bigint {
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + BigInt(size), 0n);
}
