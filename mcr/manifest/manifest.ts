import type { Digest } from "../digest.ts";
import type { ManifestReference } from "../metadata/metadata.ts";
import { parseBoundedJson } from "./bounded-json.ts";
import {
  type Descriptor,
  isMediaType,
  type JsonObject,
  parseAnnotations,
  parseDescriptor,
  requireObject,
} from "./descriptor.ts";
import { manifestInvalid } from "./errors.ts";
import { isNonDistributable, manifestKinds } from "./media-types.ts";

/** What the registry has to know of a manifest. */
export interface Manifest {
  readonly mediaType: string;
  /** What has to be there before it. */
  readonly references: readonly ManifestReference[];
  /** What may be there: layers that are fetched from elsewhere, and content of unknown kinds in an index. */
  readonly optionalReferences: readonly ManifestReference[];
  readonly subject: Digest | undefined;
  /** Empty: it has none. Of an image manifest without one, the media type of its configuration. */
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const maxDescriptors = 10_000;

const fields = [
  "schemaVersion",
  "mediaType",
  "artifactType",
  "config",
  "layers",
  "manifests",
  "subject",
  "annotations",
];

/**
 * Reads a manifest or index. Fields that are not of the specification stay, unread.
 * @param contentType of the request; its parameters do not count. Undefined: what the manifest says of itself counts.
 * @throws DetailedError MANIFEST_INVALID
 */
export function parseManifest(content: Uint8Array, contentType: string | undefined): Manifest {
  const object = requireObject(parseBoundedJson(content), "the manifest", fields);
  const mediaType = typeOf(object, contentType);
  const kind = manifestKinds.get(mediaType);
  if (kind === undefined)
    throw manifestInvalid(
      `it is of the type ${JSON.stringify(mediaType.slice(0, 200))}, which the registry does not know`,
    );
  if (object["schemaVersion"] !== 2) throw manifestInvalid("its schemaVersion is not 2");
  return { mediaType, ...(kind === "image" ? parseImage(object) : parseIndex(object)) };
}

/** Section "Pushing Manifests": where the manifest says its type, the request has to say the same. */
function typeOf({ mediaType }: JsonObject, contentType: string | undefined): string {
  if (mediaType !== undefined && typeof mediaType !== "string")
    throw manifestInvalid("its mediaType is no text");
  const said = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (said !== undefined && said !== "" && mediaType !== undefined && mediaType !== said)
    throw manifestInvalid(
      `the request says ${JSON.stringify(said.slice(0, 200))}, the manifest ${JSON.stringify(mediaType.slice(0, 200))}`,
    );
  const type = mediaType ?? said;
  if (type === undefined || type === "")
    throw manifestInvalid("neither the request nor the manifest says of what type it is");
  return type;
}

type Content = Omit<Manifest, "mediaType">;

function parseImage(object: JsonObject): Content {
  // A document that is both kinds at once means one thing to some programs, another to others (CVE-2021-41190).
  if (object["manifests"] !== undefined) throw manifestInvalid("an image manifest must not have manifests");
  const config = parseDescriptor(object["config"], "config");
  const layers = listOf(object["layers"], "layers");
  const isForeign = ({ mediaType, hasUrls }: Descriptor): boolean => hasUrls || isNonDistributable(mediaType);
  return {
    references: [config, ...layers.filter((layer) => !isForeign(layer))].map(blobReference),
    optionalReferences: layers.filter(isForeign).map(blobReference),
    ...common(object, config.mediaType),
  };
}

function parseIndex(object: JsonObject): Content {
  if (object["layers"] !== undefined || object["config"] !== undefined)
    throw manifestInvalid("an index must not have layers or a configuration");
  const children = listOf(object["manifests"], "manifests");
  const isManifest = ({ mediaType }: Descriptor): boolean => manifestKinds.has(mediaType);
  return {
    references: children.filter(isManifest).map((child) => ({ ...blobReference(child), kind: "manifest" })),
    // Of caches that BuildKit pushes, for example.
    optionalReferences: children.filter((child) => !isManifest(child)).map(blobReference),
    ...common(object, ""),
  };
}

function common(
  { subject, artifactType, annotations }: JsonObject,
  fallbackType: string,
): Pick<Manifest, "subject" | "artifactType" | "annotations"> {
  if (artifactType !== undefined && artifactType !== "" && !isMediaType(artifactType))
    throw manifestInvalid("its artifactType is no media type");
  return {
    subject:
      subject === undefined || subject === null ? undefined : parseDescriptor(subject, "subject").digest,
    artifactType: artifactType || fallbackType,
    annotations: parseAnnotations(annotations),
  };
}

/** Programs written in Go write an empty list as null. */
function listOf(value: unknown, place: string): readonly Descriptor[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw manifestInvalid(`${place} is no list`);
  if (value.length > maxDescriptors)
    throw manifestInvalid(`${place} has more than ${maxDescriptors} entries`);
  return value.map((item, index) => parseDescriptor(item, `${place}[${index}]`));
}

function blobReference({ digest, sizeBytes, mediaType }: Descriptor): ManifestReference {
  return { kind: "blob", digest, sizeBytes, mediaType };
}
