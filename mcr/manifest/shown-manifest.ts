import { z } from "zod";
import { type Digest, parseDigest } from "../digest.ts";

const textsSchema = z.record(z.string(), z.string()).catch({});

const platformSchema = z
  .object({
    os: z.string().catch(""),
    architecture: z.string().catch(""),
    variant: z.string().catch(""),
    "os.version": z.string().catch(""),
  })
  .optional()
  .catch(undefined);

const descriptorSchema = z.object({
  mediaType: z.string().catch(""),
  digest: z.string(),
  size: z.int().min(0).catch(0),
  artifactType: z.string().catch(""),
  annotations: textsSchema,
  platform: platformSchema,
});

const manifestSchema = z.object({
  artifactType: z.string().catch(""),
  config: descriptorSchema.optional().catch(undefined),
  layers: z.array(descriptorSchema).optional().catch(undefined),
  manifests: z.array(descriptorSchema).optional().catch(undefined),
  subject: descriptorSchema.optional().catch(undefined),
  annotations: textsSchema,
});

/** What a manifest points to; all texts as whoever pushed it wrote them. */
export interface Descriptor {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** `linux/arm64/v8`; empty: it says none. */
  readonly platform: string;
}

/** A manifest as pages and the API show it. */
export interface ShownManifest {
  readonly kind: "image" | "index" | "unknown";
  readonly artifactType: string;
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  /** Of an index. */
  readonly manifests: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

const unknown: ShownManifest = {
  kind: "unknown",
  artifactType: "",
  config: undefined,
  layers: [],
  manifests: [],
  subject: undefined,
  annotations: {},
};

/** Reads what can be read of what `manifest.ts` let in, also of what that does not look at: OCI images and indexes and those of Docker, which have the same shape. */
export function shownManifest(content: Uint8Array): ShownManifest {
  const parsed = manifestSchema.safeParse(jsonIn(content)).data;
  if (parsed === undefined) return unknown;
  const { config, subject, artifactType, annotations } = parsed;
  return {
    kind: parsed.manifests !== undefined ? "index" : parsed.layers !== undefined ? "image" : "unknown",
    artifactType,
    annotations,
    config: config === undefined ? undefined : descriptorOf(config),
    subject: subject === undefined ? undefined : descriptorOf(subject),
    layers: descriptorsOf(parsed.layers),
    manifests: descriptorsOf(parsed.manifests),
  };
}

/** Undefined where it is no JSON. */
export function jsonIn(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** `linux/arm64/v8`, `windows/amd64 10.0.20348`; empty where nothing is known. */
export function platformText(platform: z.output<typeof platformSchema>): string {
  if (platform === undefined) return "";
  const parts = [platform.os, platform.architecture, platform.variant].filter((part) => part !== "");
  return [parts.join("/"), platform["os.version"]].filter((part) => part !== "").join(" ");
}

function descriptorsOf(list: readonly z.output<typeof descriptorSchema>[] = []): Descriptor[] {
  return list.map(descriptorOf).filter((descriptor) => descriptor !== undefined);
}

function descriptorOf(found: z.output<typeof descriptorSchema>): Descriptor | undefined {
  const digest = parseDigest(found.digest);
  if (digest === undefined) return undefined;
  const { mediaType, size: sizeBytes, artifactType, annotations, platform } = found;
  return { digest, mediaType, sizeBytes, artifactType, annotations, platform: platformText(platform) };
}
