import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PushImageRequestSchema } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { LocalImage } from "./local-image.ts";
import { packChunk } from "./pack-chunk.ts";
import { readTar, type TarEntry } from "./read-tar.ts";

type Message = MessageInitShape<typeof PushImageRequestSchema>;

/** What is told of an image on its way. */
export interface PartsListener {
  /** A layer begins. */
  layer(diffId: string, sizeBytes: number): void;
  /** So many bytes of it were taken, which were so many on their way. */
  sent(bytes: number, transferredBytes: number): void;
}

/** Small messages cost more than large ones; the agent takes at most so much. */
const chunkBytes = 1024 * 1024;
const mostConfigBytes = 1024 * 1024;

/** What of an image is sent, and how. */
export interface PartsWanted {
  /** Digests of layers. */
  readonly missing: ReadonlySet<string>;
  /** Whether who receives them takes compressed chunks. */
  readonly compress: boolean;
}

/** The messages for an image from its `docker-archive`: the layers in `missing`, and the configuration.
 * @returns sizes of all its layers
 * Throws an Error where the archive is not that of the image. */
export async function* imageParts(
  archive: AsyncIterable<Uint8Array>,
  image: LocalImage,
  { missing, compress }: PartsWanted,
  listener: PartsListener,
): AsyncGenerator<Message, bigint[]> {
  const sizes = new Map<string, number>();
  let hasConfig = false;
  for await (const entry of readTar(archive)) {
    if (entry.type !== "0") continue;
    const { name, sizeBytes } = entry;
    const diffId = `sha256:${name.replace(/\.tar$/, "")}`;
    if (name.endsWith(".tar") && image.diffIds.includes(diffId)) {
      const isFirst = !sizes.has(diffId);
      sizes.set(diffId, sizeBytes);
      if (isFirst && missing.has(diffId)) yield* layerParts(diffId, entry, { compress, listener });
    } else if (name === `${image.id}.json`) {
      yield { part: { case: "config", value: await wholeOf(entry) } };
      hasConfig = true;
    }
  }
  const unseen = image.diffIds.find((diffId) => !sizes.has(diffId));
  if (unseen !== undefined) throw new Error(`podman's archive of the image lacks its layer ${unseen}`);
  if (!hasConfig) throw new Error("podman's archive of the image lacks its configuration");
  return image.diffIds.map((diffId) => BigInt(sizes.get(diffId) ?? 0));
}

async function* layerParts(
  diffId: string,
  entry: TarEntry,
  { compress, listener }: { compress: boolean; listener: PartsListener },
): AsyncGenerator<Message> {
  listener.layer(diffId, entry.sizeBytes);
  yield { part: { case: "layer", value: { diffId, sizeBytes: BigInt(entry.sizeBytes) } } };
  for await (const chunk of inChunks(entry.content)) {
    const packed = compress ? await packChunk(chunk) : undefined;
    if (packed === undefined) yield { part: { case: "chunk", value: chunk } };
    else yield { part: { case: "zstdChunk", value: packed } };
    listener.sent(chunk.length, (packed ?? chunk).length);
  }
}

async function* inChunks(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let gathered = 0;
  for await (const part of content) {
    if (gathered + part.length > chunkBytes && gathered > 0) {
      yield Buffer.concat(parts);
      parts = [];
      gathered = 0;
    }
    parts.push(part);
    gathered += part.length;
  }
  if (gathered > 0) yield Buffer.concat(parts);
}

async function wholeOf({ content, sizeBytes }: TarEntry): Promise<Uint8Array> {
  if (sizeBytes > mostConfigBytes) throw new Error("the image's configuration is too long");
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
}
