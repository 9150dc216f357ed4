import type { BlobContent } from "../../blobs/blob-store.ts";
import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, type DigestAlgorithm, formatDigest } from "../../digest.ts";

/** Content with its digest. */
export interface Content {
  readonly bytes: Buffer;
  readonly digest: Digest;
}

export function contentOf(bytes: Buffer | string, algorithm: DigestAlgorithm = "sha256"): Content {
  const buffer = Buffer.from(bytes);
  return {
    bytes: buffer,
    digest: formatDigest(algorithm, createHash(algorithm).update(buffer).digest("hex")),
  };
}

export function randomContent(sizeBytes: number, algorithm: DigestAlgorithm = "sha256"): Content {
  return contentOf(randomBytes(sizeBytes), algorithm);
}

/** The content as a new file, to be adopted. */
export async function fileOf(directory: string, { bytes }: Content): Promise<string> {
  const file = join(directory, `staged-${randomBytes(8).toString("hex")}`);
  await writeFile(file, bytes, { mode: 0o600 });
  return file;
}

export async function collect(content: BlobContent): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const piece of content) chunks.push(Buffer.from(piece));
  return Buffer.concat(chunks);
}
