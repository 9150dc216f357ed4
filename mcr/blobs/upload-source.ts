import { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";

/** More is not taken from a source before what came is written. */
const batchSizeBytes = 1024 * 1024;

/** What a source brings, gathered while the batch before is written, without a copy. Disposing it lets go of the source;
 * it does not end it. */
export interface Batches extends Disposable {
  /** Waits for something. Undefined: there is no more.
   * @throws the signal's reason */
  next(signal?: AbortSignal): Promise<readonly Buffer[] | undefined>;
  /** To be called when a batch is not needed any more. Gives the memory of what a request brought back at once. */
  release(batch: readonly Buffer[]): void;
  /** Whether the source ended as it should; false also while it goes on. */
  readonly isComplete: boolean;
  /** Why it broke off, where it did. */
  readonly failure: unknown;
}

export function batchesOf(source: Readable): Batches {
  return new SourceBatches(source);
}

class SourceBatches implements Batches {
  readonly #source: Readable;
  #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #news = Promise.withResolvers<void>();
  #isOver: boolean;
  isComplete: boolean;
  failure: unknown;

  constructor(source: Readable) {
    this.#source = source;
    this.isComplete = source.readableEnded;
    this.#isOver = source.readableEnded || source.destroyed;
    this.failure = source.errored ?? undefined;
    source
      .on("error", this.#onError)
      .on("data", this.#onData)
      .on("end", this.#onEnd)
      .on("close", this.#onClose);
  }

  async next(signal?: AbortSignal): Promise<readonly Buffer[] | undefined> {
    if (this.#chunks.length === 0 && !this.#isOver) await this.#wait(signal);
    signal?.throwIfAborted();
    if (this.#chunks.length === 0) return undefined;
    const batch = this.#chunks;
    this.#chunks = [];
    this.#sizeBytes = 0;
    if (!this.#isOver) this.#source.resume();
    return batch;
  }

  release(batch: readonly Buffer[]): void {
    // Whose the buffers of another source are is not known: they may be in use.
    if (this.#source instanceof IncomingMessage) batch.forEach(giveBack);
  }

  [Symbol.dispose](): void {
    this.#source.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onClose);
    // The listener to errors stays: a source that fails later must not end the process.
    if (!this.#isOver) this.#source.pause();
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    this.#news = Promise.withResolvers();
    const wake = (): void => this.#news.resolve();
    signal?.addEventListener("abort", wake, { once: true });
    try {
      if (signal?.aborted !== true) await this.#news.promise;
    } finally {
      signal?.removeEventListener("abort", wake);
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes >= batchSizeBytes) this.#source.pause();
    this.#news.resolve();
  };

  readonly #onEnd = (): void => {
    this.isComplete = true;
    this.#over();
  };

  readonly #onError = (cause: unknown): void => {
    this.failure ??= cause;
    this.#over();
  };

  readonly #onClose = (): void => this.#over();

  #over(): void {
    this.#isOver = true;
    this.#news.resolve();
  }
}

/** Each piece of a request's body is a buffer of its own. Left to the garbage collector they make it go through the whole
 * heap every 10 MB, which takes more processor time than the hash of what came. */
function giveBack({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
