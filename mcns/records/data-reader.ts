import { writtenByte, type Name } from "../wire/name.ts";

/** Reads record data in canonical wire form from front to end. */
export class DataReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** @throws RangeError where the data end before */
  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("the record's data end too early");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** A number of one, two or four bytes. */
  number(length: 1 | 2 | 4): number {
    return this.take(length).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** Bytes with their count in front. */
  counted(countLength: 1 | 2): Uint8Array {
    return this.take(this.number(countLength));
  }

  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at);
  }

  name(): Name {
    const labels: string[] = [];
    for (;;) {
      const label = this.counted(1);
      if (label.length === 0) return labels.join(".");
      labels.push(Array.from(label, writtenByte).join(""));
    }
  }
}
