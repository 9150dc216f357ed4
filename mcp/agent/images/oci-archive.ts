import { createHash } from "node:crypto";
import { tarFile, tarEnd, tarPadding } from "./tar.ts";

/** An image whose layers are not compressed, so that their digests are those in its configuration. */
export interface PlainImage {
  /** Reference that it gets. */
  readonly name: string;
  /** Its configuration, word for word: its digest is the image's id. */
  readonly config: Buffer;
  /** The lowest first. */
  readonly layers: readonly { readonly diffId: string; readonly sizeBytes: number }[];
}

/** A layer that goes into the archive. */
export interface LayerContent {
  readonly diffId: string;
  readonly sizeBytes: number;
  read(): AsyncIterable<Uint8Array>;
}

const docker = {
  manifest: "application/vnd.docker.distribution.manifest.v2+json",
  config: "application/vnd.docker.container.image.v1+json",
  layer: "application/vnd.docker.image.rootfs.diff.tar",
};
const oci = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
};

/** The image's manifest. The same image always gets the same. */
export function plainManifest({ config, layers }: Omit<PlainImage, "name">): {
  readonly bytes: Buffer;
  readonly mediaType: string;
} {
  const types = hasHealthCheck(config) ? docker : oci;
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: types.config, digest: digestOf(config), size: config.length },
    layers: layers.map(({ diffId, sizeBytes }) => ({
      mediaType: types.layer,
      digest: diffId,
      size: sizeBytes,
    })),
  };
  return { bytes: Buffer.from(JSON.stringify(manifest), "utf8"), mediaType: types.manifest };
}

/** A tar with an image layout in it (OCI image layout specification), in which only the given layers are: the runtime
 * has the others. Podman takes such an archive, since it looks in its store before it opens a layer. */
export async function* ociArchive(
  image: PlainImage,
  contents: readonly LayerContent[],
): AsyncGenerator<Uint8Array> {
  const manifest = plainManifest(image);
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        mediaType: manifest.mediaType,
        digest: digestOf(manifest.bytes),
        size: manifest.bytes.length,
        annotations: { "org.opencontainers.image.ref.name": image.name },
      },
    ],
  };
  const files: [name: string, content: Buffer][] = [
    ["oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')],
    ["index.json", Buffer.from(JSON.stringify(index))],
    [blobName(digestOf(manifest.bytes)), manifest.bytes],
    [blobName(digestOf(image.config)), image.config],
  ];
  for (const [name, content] of files) {
    yield tarFile(name, content.length);
    yield content;
    yield tarPadding(content.length);
  }
  for (const layer of contents) {
    const { diffId, sizeBytes } = layer;
    yield tarFile(blobName(diffId), sizeBytes);
    yield* layer.read();
    yield tarPadding(sizeBytes);
  }
  yield tarEnd;
}

export function digestOf(content: Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

function blobName(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** The OCI form has no health checks: podman then would not see that of the image. */
function hasHealthCheck(config: Buffer): boolean {
  const { config: settings } = JSON.parse(config.toString("utf8")) as { config?: { Healthcheck?: unknown } };
  return settings?.Healthcheck !== undefined && settings.Healthcheck !== null;
}
