import { headerBytes } from "./message.ts";
import { type Name, nameToWire } from "./name.ts";
import { nameLayoutOf } from "./record-data.ts";
import { lowered } from "./wire-reader.ts";

/** Records of one name and type, on their way into a message. */
export interface OwnedSet {
  readonly name: Name;
  readonly type: number;
  /** Default: IN. */
  readonly class?: number;
  readonly ttl: number;
  readonly data: readonly Uint8Array[];
}

export type Section = "answers" | "authorities" | "additionals";

const countAt: Readonly<Record<Section, number>> = { answers: 6, authorities: 8, additionals: 10 };
/** Beyond it a place in a message cannot be pointed at. */
const pointable = 0x4000;

/** Writes a message of at most `limitBytes`, with compression. Sections are written in their order. */
export class MessageWriter {
  readonly #bytes: Buffer;
  readonly #suffixes = new Map<string, number>();
  #recent: string[] = [];
  #limit: number;
  #at = headerBytes;

  constructor(limitBytes: number) {
    this.#bytes = Buffer.alloc(limitBytes);
    this.#limit = limitBytes;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }

  /** Sets bytes aside, for records that come last. */
  reserve(bytes: number): void {
    this.#limit -= bytes;
  }

  release(bytes: number): void {
    this.#limit += bytes;
  }

  header(id: number, flags: number): void {
    this.#bytes.writeUInt16BE(id, 0);
    this.#bytes.writeUInt16BE(flags, 2);
  }

  addFlags(flags: number): void {
    this.#bytes.writeUInt16BE(this.#bytes.readUInt16BE(2) | flags, 2);
  }

  /** @param wire name, type and class, as received */
  question(wire: Uint8Array): void {
    this.#room(wire.length);
    const name = wire.subarray(0, -4);
    this.#name(name);
    this.#raw(wire.subarray(-4));
    this.#count(4);
    this.#recent = [];
  }

  /** Writes all records of the set, or none and returns false when they do not fit. */
  set(section: Section, { name, type, class: kind = 1, ttl, data }: OwnedSet): boolean {
    const before = this.#at;
    const owner = nameToWire(name);
    for (const each of data) {
      if (!this.#record(owner, { type, kind, ttl, data: each })) {
        this.#undoTo(before);
        return false;
      }
    }
    for (let count = 0; count < data.length; count++) this.#count(countAt[section]);
    this.#recent = [];
    return true;
  }

  /** Appends a record that is in wire form already, with its own class and without compression. */
  rawRecord(section: Section, record: Uint8Array): void {
    this.#room(record.length);
    this.#raw(record);
    this.#count(countAt[section]);
  }

  /** The message. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #record(owner: Uint8Array, record: { type: number; kind: number; ttl: number; data: Uint8Array }): boolean {
    // Compression of the data makes it shorter: this may turn away what would just fit, but never overflows.
    const ownerBytes = this.#suffixes.has(keyOf(owner)) ? 2 : owner.length;
    if (this.#at + ownerBytes + 10 + record.data.length > this.#limit) return false;
    this.#name(owner);
    this.#u16(record.type);
    this.#u16(record.kind);
    this.#u16(record.ttl >>> 16);
    this.#u16(record.ttl & 0xffff);
    const lengthAt = this.#at;
    this.#at += 2;
    this.#data(record.type, record.data);
    this.#bytes.writeUInt16BE(this.#at - lengthAt - 2, lengthAt);
    return true;
  }

  #data(type: number, data: Uint8Array): void {
    const layout = nameLayoutOf(type);
    if (layout === undefined || !layout.compressed) return this.#raw(data);
    this.#raw(data.subarray(0, layout.before));
    let at = layout.before;
    for (let count = 0; count < layout.names; count++) {
      const end = nameEnd(data, at);
      this.#name(data.subarray(at, end));
      at = end;
    }
    this.#raw(data.subarray(at));
  }

  #name(wire: Uint8Array): void {
    const key = keyOf(wire);
    for (let at = 0; wire[at] !== 0 && at < wire.length;) {
      const suffix = key.slice(at);
      const known = this.#suffixes.get(suffix);
      if (known !== undefined) return this.#u16(0xc000 | known);
      if (this.#at < pointable) {
        this.#suffixes.set(suffix, this.#at);
        this.#recent.push(suffix);
      }
      const next = at + 1 + (wire[at] ?? 0);
      this.#raw(wire.subarray(at, next));
      at = next;
    }
    this.#bytes[this.#at++] = 0;
  }

  #undoTo(at: number): void {
    this.#at = at;
    for (const suffix of this.#recent) this.#suffixes.delete(suffix);
    this.#recent = [];
  }

  #room(bytes: number): void {
    if (this.#at + bytes > this.#limit) throw new RangeError("the message is full");
  }

  #raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #u16(value: number): void {
    this.#bytes.writeUInt16BE(value, this.#at);
    this.#at += 2;
  }

  #count(at: number): void {
    this.#bytes.writeUInt16BE(this.#bytes.readUInt16BE(at) + 1, at);
  }
}

function nameEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== 0) at += 1 + (bytes[at] ?? 0);
  return at + 1;
}

/** A name as a key: a character for each byte, ASCII letters in lower case. */
function keyOf(wire: Uint8Array): string {
  const lower = Buffer.allocUnsafe(wire.length);
  for (let at = 0; at < wire.length; at++) lower[at] = lowered(wire[at] ?? 0);
  return lower.toString("latin1");
}
