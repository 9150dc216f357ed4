import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { constants, zstdCompressSync } from "node:zlib";
import { unpackChunk } from "./unpack-chunk.ts";

const mebibyte = 1024 * 1024;
const text = (sizeBytes: number): Buffer => Buffer.alloc(sizeBytes, "a line of some text\n");
const refusal = { code: "IMAGE_STREAM_INVALID" };

describe("a compressed chunk", () => {
  for (const level of [-5, 1, 3, 19])
    test(`of the largest size is what it was before, compressed at level ${level}`, async () => {
      const content = Buffer.concat([text(mebibyte / 2), randomBytes(mebibyte / 2)]);
      const params = { [constants.ZSTD_c_compressionLevel]: level };
      assert.ok(content.equals(await unpackChunk(zstdCompressSync(content, { params }))));
    });

  test("of more than 1 MiB is refused, however small it is on its way", async () => {
    await assert.rejects(unpackChunk(zstdCompressSync(text(mebibyte + 1))), refusal);
    await assert.rejects(unpackChunk(zstdCompressSync(text(64 * mebibyte))), refusal);
  });

  test("that asks for much memory is refused", async () => {
    // Magic number, descriptor, window of 2^exponent bytes, one last raw block (RFC 8878, 3.1.1).
    const frame = (exponent: number): Buffer =>
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (exponent - 10) << 3, (3 << 3) | 1, 0, 0, 1, 2, 3]);
    assert.deepEqual([...(await unpackChunk(frame(20)))], [1, 2, 3]);
    await assert.rejects(unpackChunk(frame(21)), refusal);
    await assert.rejects(unpackChunk(frame(27)), refusal);
  });

  test("that is cut off, or something else, is refused", async () => {
    const frame = zstdCompressSync(text(10_000));
    await assert.rejects(unpackChunk(frame.subarray(0, -1)), refusal);
    await assert.rejects(unpackChunk(randomBytes(1_000)), refusal);
    await assert.rejects(unpackChunk(new Uint8Array(0)), refusal);
  });
});
