/** A piece of a container's output. */
export interface Frame {
  readonly stream: "stdout" | "stderr";
  readonly content: Buffer;
}

const headerBytes = 8;
/** Podman sends a line, or a buffer of some kilobytes, in one frame. */
const maxFrameBytes = 16 * 1024 * 1024;

/** Takes the multiplexed stream apart: each frame is a byte for the stream (2: standard error), three zeros,
 * a big-endian length and that many bytes.
 * @throws Error when the stream ends inside a frame or a frame is absurdly long */
export async function* decodeFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame, void> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= headerBytes) {
      const lengthBytes = pending.readUInt32BE(4);
      if (lengthBytes > maxFrameBytes) throw new Error(`a frame of podman's stream has ${lengthBytes} bytes`);
      const end = headerBytes + lengthBytes;
      if (pending.length < end) break;
      yield { stream: pending[0] === 2 ? "stderr" : "stdout", content: pending.subarray(headerBytes, end) };
      pending = pending.subarray(end);
    }
  }
  if (pending.length > 0) throw new Error("podman's stream ended inside a frame");
}
