import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";

import { packTar } from "modern-tar";

import { imageParts } from "./image-parts.ts";

describe("the layers of an image that is sent", () => {
  const text = Buffer.from("a line of some text\n".repeat(100_000));
  const noise = randomBytes(1_500_000);
  const hex = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");
  const id = hex(Buffer.from("{}"));
  const diffIds = [text, noise].map((content) => `sha256:${hex(content)}`);
  const image = { id, architecture: "amd64", os: "linux", diffIds };

  const entry = (name: string, body: Uint8Array) =>
    ({ header: { name, size: body.length, type: "file" }, body }) as const;

  async function sent(compress: boolean) {
    const archive = await packTar([
      entry(`${hex(text)}.tar`, text),
      entry(`${hex(noise)}.tar`, noise),
      entry(`${id}.json`, Buffer.from("{}")),
    ]);
    async function* pieces() {
      for (let at = 0; at < archive.length; at += 50_001) yield archive.subarray(at, at + 50_001);
    }
    const contents: Buffer[] = [];
    const kinds = new Set<string | undefined>();
    const told = { bytes: 0, transferredBytes: 0 };
    const listener = {
      layer: () => {},
      sent(bytes: number, transferredBytes: number) {
        told.bytes += bytes;
        told.transferredBytes += transferredBytes;
      },
    };
    const asked = { missing: new Set(diffIds), compress };
    for await (const { part } of imageParts(pieces(), image, asked, listener)) {
      if (part?.case === "chunk") contents.push(Buffer.from(part.value));
      if (part?.case === "zstdChunk") contents.push(zstdDecompressSync(part.value));
      kinds.add(part?.case);
    }
    assert.ok(Buffer.concat(contents).equals(Buffer.concat([text, noise])));
    assert.equal(told.bytes, text.length + noise.length);
    return { kinds: [...kinds], transferredBytes: told.transferredBytes };
  }

  test("are compressed where that saves something", async () => {
    const { kinds, transferredBytes } = await sent(true);
    assert.deepEqual(kinds, ["layer", "zstdChunk", "chunk", "config"]);
    assert.ok(transferredBytes >= noise.length && transferredBytes < noise.length + text.length / 100);
  });

  test("are sent as they are to an agent that does not say it takes compressed ones", async () => {
    const { kinds, transferredBytes } = await sent(false);
    assert.deepEqual(kinds, ["layer", "chunk", "config"]);
    assert.equal(transferredBytes, noise.length + text.length);
  });
});
