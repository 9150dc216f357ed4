import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip } from "node:zlib";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const pieceBytes = 1024 * 1024;

/** Makes an image of layers with random content, in the form of the OCI image layout specification. No two images share
 * a layer. `skopeo copy oci:<directory> …` takes it.
 * @returns the digest of its manifest */
export async function createOciLayout(
  directory: string,
  { layers, layerBytes }: { readonly layers: number; readonly layerBytes: number },
): Promise<string> {
  await mkdir(join(directory, "blobs", "sha256"), { recursive: true });
  const made: { descriptor: Descriptor; diffId: string }[] = [];
  for (let index = 0; index < layers; index++) made.push(await writeLayer(directory, layerBytes));
  const config = await writeJson(directory, "application/vnd.oci.image.config.v1+json", {
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: made.map(({ diffId }) => diffId) },
  });
  const manifest = await writeJson(directory, "application/vnd.oci.image.manifest.v1+json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config,
    layers: made.map(({ descriptor }) => descriptor),
  });
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  return manifest.digest;
}

/** Compressed in form only: clients that find a layer uncompressed spend their time on compressing it. */
async function writeLayer(
  directory: string,
  sizeBytes: number,
): Promise<{ descriptor: Descriptor; diffId: string }> {
  const plain = createHash("sha256");
  const packed = createHash("sha256");
  let packedBytes = 0;
  const file = join(directory, `layer-${randomBytes(8).toString("hex")}`);
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      packed.update(chunk);
      packedBytes += chunk.length;
      done(undefined, chunk);
    },
  });
  await pipeline(
    pieces(sizeBytes, (piece) => plain.update(piece)),
    createGzip({ level: constants.Z_NO_COMPRESSION }),
    count,
    createWriteStream(file),
  );
  const hex = packed.digest("hex");
  await rename(file, join(directory, "blobs", "sha256", hex));
  const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
  return {
    descriptor: { mediaType, digest: `sha256:${hex}`, size: packedBytes },
    diffId: `sha256:${plain.digest("hex")}`,
  };
}

function* pieces(sizeBytes: number, seen: (piece: Buffer) => void): Generator<Buffer> {
  for (let left = sizeBytes; left > 0; left -= pieceBytes) {
    const piece = randomBytes(Math.min(left, pieceBytes));
    seen(piece);
    yield piece;
  }
}

async function writeJson(directory: string, mediaType: string, content: object): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(content));
  const hex = createHash("sha256").update(bytes).digest("hex");
  await writeFile(join(directory, "blobs", "sha256", hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}
