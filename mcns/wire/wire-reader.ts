import { longestLabelBytes, longestNameBytes, type Name, writtenByte } from "./name.ts";

/** More than a name has labels: no writer needs more. */
const mostPointers = 127;

/** Bytes that are no DNS message. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** Reads a message or a part of it from front to back, and never beyond its end.
 * Every method throws WireError where the bytes do not fit. */
export class WireReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    if (end > bytes.length) throw new WireError("it ends too early");
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    const at = this.#take(1);
    return this.bytes[at] ?? 0;
  }

  u16(): number {
    const at = this.#take(2);
    return ((this.bytes[at] ?? 0) << 8) | (this.bytes[at + 1] ?? 0);
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  u48(): number {
    return this.u16() * 0x1_0000_0000 + this.u32();
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A name, in the form of `Name`. */
  readName(): Name {
    let name = "";
    this.#eachLabel((at, length) => {
      if (name !== "") name += ".";
      for (let index = at; index < at + length; index++) name += writtenByte(this.bytes[index] ?? 0);
    });
    return name;
  }

  /** A name in wire form, without compression.
   * @param lowerCase ASCII letters become lower case */
  readNameBytes(lowerCase: boolean): Uint8Array {
    const parts: number[] = [];
    this.#eachLabel((at, length) => {
      parts.push(length);
      for (let index = at; index < at + length; index++) {
        const byte = this.bytes[index] ?? 0;
        parts.push(lowerCase ? lowered(byte) : byte);
      }
    });
    parts.push(0);
    return Uint8Array.from(parts);
  }

  /** Goes past a name. */
  skipName(): void {
    this.#eachLabel(() => {});
  }

  /** Follows compression pointers. Each must point before the place of the one that led there, so that it ends. */
  #eachLabel(visit: (at: number, length: number) => void): void {
    let at = this.at;
    let limit = this.end;
    let bound = this.at;
    let after = -1;
    let total = 1;
    let pointers = 0;
    for (;;) {
      if (at >= limit) throw new WireError("a name ends too early");
      const length = this.bytes[at] ?? 0;
      if (length === 0) break;
      if (length >= 0xc0) {
        if (at + 1 >= limit) throw new WireError("a pointer ends too early");
        const target = ((length & 0x3f) << 8) | (this.bytes[at + 1] ?? 0);
        if (after < 0) after = at + 2;
        if (target >= bound) throw new WireError("a pointer does not point back");
        if (++pointers > mostPointers) throw new WireError("a name has too many pointers");
        bound = target;
        limit = this.bytes.length;
        at = target;
        continue;
      }
      if (length > longestLabelBytes) throw new WireError("a label has an unknown type");
      if (at + 1 + length > limit) throw new WireError("a label ends too early");
      total += length + 1;
      if (total > longestNameBytes) throw new WireError("a name is too long");
      visit(at + 1, length);
      at += 1 + length;
    }
    this.at = after < 0 ? at + 1 : after;
  }

  #take(length: number): number {
    const { at } = this;
    if (length > this.end - at) throw new WireError("it ends too early");
    this.at = at + length;
    return at;
  }
}

/** An ASCII letter in lower case, any other byte as it is. */
export function lowered(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
