/** As much as one request to the store carries. With at most 10,000 parts: blobs up to 78 GiB. */
export const partSizeBytes = 8 * 1024 * 1024;

const maxBuffers = 2;

/** Memory for parts on their way, bounded for all blobs together. */
export class PartBuffers {
  readonly #free: Buffer[] = [];
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  /** Waits until one is free. */
  async use<Result>(work: (buffer: Buffer) => Promise<Result>): Promise<Result> {
    if (this.#taken < maxBuffers) this.#taken += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(partSizeBytes);
    try {
      return await work(buffer);
    } finally {
      this.#free.push(buffer);
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    }
  }
}
