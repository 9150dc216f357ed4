import type { FileHandle } from "node:fs/promises";
import type { BlobContent, ByteRange } from "./blob-store.ts";

/** As much as is read from the disk and given on at once. */
const pieceBytes = 512 * 1024;

/** Content of a file, in two buffers that take turns: while one is given on, the other is filled. A server that sends
 * blobs all day makes no garbage of them. */
export class FileContent implements BlobContent {
  readonly #file: FileHandle;
  readonly #range: ByteRange | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #close = (): void => void this[Symbol.asyncDispose]();

  /** Takes the file over. */
  constructor(file: FileHandle, range: ByteRange | undefined, signal: AbortSignal | undefined) {
    this.#file = file;
    this.#range = range;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#close, { once: true });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    const { start, end } = this.#range ?? { start: 0, end: Infinity };
    const sizeBytes = Math.min(pieceBytes, end - start + 1);
    const buffers = [Buffer.allocUnsafeSlow(sizeBytes), Buffer.allocUnsafeSlow(sizeBytes)] as const;
    let position = start;
    const fill = (buffer: Buffer): Promise<Buffer> => this.#fill(buffer, position, end);
    try {
      let pending = fill(buffers[0]);
      for (let turn = 1; ; turn++) {
        const piece = await pending;
        if (piece.length === 0) return;
        position += piece.length;
        pending = fill(buffers[turn % 2 === 0 ? 0 : 1]);
        // A failure is told when its piece is asked for.
        pending.catch(() => undefined);
        yield piece;
      }
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  async #fill(buffer: Buffer, position: number, end: number): Promise<Buffer> {
    this.#signal?.throwIfAborted();
    const wanted = Math.min(buffer.length, end - position + 1);
    if (wanted <= 0) return buffer.subarray(0, 0);
    const { bytesRead } = await this.#file.read(buffer, 0, wanted, position);
    return buffer.subarray(0, bytesRead);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#close);
    await this.#file.close();
  }
}
