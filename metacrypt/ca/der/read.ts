import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** One value as it stands in the encoding. */
export interface DerValue {
  readonly tag: number;
  /** Without tag and length. */
  readonly content: Buffer;
  /** With tag and length. */
  readonly raw: Buffer;
}

export const sequenceTag = 0x30;
export const integerTag = 0x02;
export const octetStringTag = 0x04;
export const bitStringTag = 0x03;
export const objectIdentifierTag = 0x06;
const setTag = 0x31;
const booleanTag = 0x01;

/** Reads exactly one value.
 * @throws DetailedError `DER_INVALID` for anything that is not DER, and for what follows */
export function readDer(encoded: Uint8Array): DerValue {
  const value = firstOf(Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength));
  if (value.raw.length !== encoded.byteLength) throw malformed("something follows the value");
  return value;
}

/** The values in a sequence, a set or a context tag, in order.
 * @throws DetailedError `DER_INVALID` */
export function partsOf(value: DerValue): DerValue[] {
  if ((value.tag & 0x20) === 0) throw malformed(`a value of tag ${value.tag} where parts are expected`);
  const parts: DerValue[] = [];
  for (let rest = value.content; rest.length > 0;) {
    const part = firstOf(rest);
    parts.push(part);
    rest = rest.subarray(part.raw.length);
  }
  return parts;
}

/** The parts of a sequence.
 * @throws DetailedError `DER_INVALID` when it is none */
export function sequenceParts(value: DerValue | undefined): DerValue[] {
  return partsOf(expectTag(value, sequenceTag));
}

/** The only member of a set.
 * @throws DetailedError `DER_INVALID` */
export function onlyMember(value: DerValue | undefined): DerValue {
  const [member, ...others] = partsOf(expectTag(value, setTag));
  if (member === undefined || others.length > 0) throw malformed("not exactly one member of a set");
  return member;
}

/** @throws DetailedError `DER_INVALID` when it has another tag or is missing */
export function expectTag(value: DerValue | undefined, tag: number): DerValue {
  if (value?.tag === tag) return value;
  const found = value === undefined ? "the end" : `tag ${value.tag}`;
  throw malformed(`${found} where tag ${tag} is expected`);
}

/** A number that is not negative, in hexadecimal of even length without leading zero octets.
 * @throws DetailedError `DER_INVALID` */
export function readInteger(value: DerValue | undefined): string {
  const { content } = expectTag(value, integerTag);
  if (content.length === 0 || ((content[0] ?? 0) & 0x80) !== 0) throw malformed("a negative number");
  return (content[0] === 0 && content.length > 1 ? content.subarray(1) : content).toString("hex");
}

/** @throws DetailedError `DER_INVALID` */
export function readBoolean(value: DerValue): boolean {
  const { content } = expectTag(value, booleanTag);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw malformed("no truth value");
  return content[0] === 0xff;
}

/** The octets of a BIT STRING that has no unused bits.
 * @throws DetailedError `DER_INVALID` */
export function readBitString(value: DerValue | undefined): Buffer {
  const { content } = expectTag(value, bitStringTag);
  if (content[0] !== 0) throw malformed("a bit string of broken octets");
  return content.subarray(1);
}

/** The numbers of the bits that are set.
 * @param encoded a BIT STRING
 * @throws DetailedError `DER_INVALID` */
export function readBitStringFlags(encoded: Uint8Array): Set<number> {
  const { content } = expectTag(readDer(encoded), bitStringTag);
  const octets = content.subarray(1);
  const numbers = Array.from({ length: octets.length * 8 }, (_, number) => number);
  return new Set(numbers.filter((number) => (octets[number >> 3] ?? 0) & (0x80 >> (number % 8))));
}

/** Dotted form.
 * @throws DetailedError `DER_INVALID` */
export function readObjectIdentifier(value: DerValue | undefined): string {
  const { content } = expectTag(value, objectIdentifierTag);
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet & 0x7f);
    if (arc > 2 ** 45) throw malformed("an object identifier beyond measure");
    if ((octet & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [head = 0, ...rest] = arcs;
  const first = Math.min(2, Math.floor(head / 40));
  return [first, head - first * 40, ...rest].join(".");
}

/** Milliseconds since the epoch of a UTCTime or GeneralizedTime in whole seconds, as RFC 5280 has them.
 * @throws DetailedError `DER_INVALID` */
export function readTime(value: DerValue | undefined): number {
  const text = value?.content.toString("latin1") ?? "";
  const century = Number(text.slice(0, 2)) >= 50 ? "19" : "20";
  const full = value?.tag === 0x17 ? `${century}${text}` : text;
  const digits = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
  const [, year, month, day, hour, minute, second] = digits ?? [];
  const timestampMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(timestampMs)) throw malformed("no time");
  return timestampMs;
}

function firstOf(encoded: Buffer): DerValue {
  const [tag, first] = encoded;
  if (tag === undefined || first === undefined) throw malformed("it ends within a value");
  if ((tag & 0x1f) === 0x1f) throw malformed("a tag of several octets");
  const { length, start } = first < 0x80 ? { length: first, start: 2 } : longLength(encoded, first & 0x7f);
  const end = start + length;
  if (end > encoded.length) throw malformed("it ends within a value");
  return { tag, content: encoded.subarray(start, end), raw: encoded.subarray(0, end) };
}

function longLength(encoded: Buffer, octets: number): { length: number; start: number } {
  if (octets === 0 || octets > 4 || encoded.length < 2 + octets) throw malformed("a length that is not DER");
  const length = encoded.readUIntBE(2, octets);
  if (length < 0x80 || encoded[2] === 0) throw malformed("a length that is not the shortest");
  return { length, start: 2 + octets };
}

function malformed(found: string): DetailedError {
  return new DetailedError({
    code: "DER_INVALID",
    category: "invalid-argument",
    attempted: "read an encoded value",
    found,
    remedy: "send a certificate, request or key in DER, or in PEM around DER",
  });
}
