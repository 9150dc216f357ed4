import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeFrames } from "./podman-frames.ts";

function encode(stream: number, text: string): Buffer {
  const content = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
}

async function* pieces(whole: Buffer, sizeBytes: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < whole.length; from += sizeBytes) yield whole.subarray(from, from + sizeBytes);
}

async function decode(whole: Buffer, sizeBytes: number): Promise<string[]> {
  const frames: string[] = [];
  for await (const { stream, content } of decodeFrames(pieces(whole, sizeBytes))) {
    frames.push(`${stream} ${content.toString()}`);
  }
  return frames;
}

test("frames are found wherever the network cuts the stream", async () => {
  const input = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.string()), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(input, fc.integer({ min: 1, max: 40 }), async (frames, sizeBytes) => {
      const whole = Buffer.concat(frames.map(([stream, text]) => encode(stream, text)));
      const expected = frames.map(([stream, text]) => `${stream === 2 ? "stderr" : "stdout"} ${text}`);
      assert.deepEqual(await decode(whole, sizeBytes), expected);
    }),
  );
});

test("a stream that ends inside a frame is an error", async () => {
  await assert.rejects(decode(encode(1, "abc").subarray(0, 9), 100), /ended inside a frame/);
});

test("a frame of absurd length is an error before it is waited for", async () => {
  await assert.rejects(decode(Buffer.from([1, 0, 0, 0, 255, 255, 255, 255]), 100), /4294967295 bytes/);
});
