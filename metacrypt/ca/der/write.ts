/** DER (X.690): one encoding for each value, written inside out. */

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** A value with its tag and the shortest form of its length. */
export function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(length)]), ...contents]);
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return tagged(tags.sequence, ...contents);
}

/** A SET of one member, which needs no sorting. */
export function setOf(member: Uint8Array): Buffer {
  return tagged(tags.set, member);
}

export function boolean(value: boolean): Buffer {
  return tagged(tags.boolean, Buffer.from([value ? 0xff : 0x00]));
}

/** A number that is not negative, as number or as hexadecimal octets of any length. */
export function integer(value: number | string): Buffer {
  const text = typeof value === "number" ? value.toString(16) : value;
  const octets = Buffer.from(text.length % 2 === 0 ? text : `0${text}`, "hex");
  let start = 0;
  while (start < octets.length - 1 && octets[start] === 0) start += 1;
  const shortest = octets.subarray(start);
  const negative = ((shortest[0] ?? 0) & 0x80) !== 0;
  return tagged(tags.integer, negative ? Buffer.concat([Buffer.from([0]), shortest]) : shortest);
}

export function enumerated(value: number): Buffer {
  return tagged(tags.enumerated, Buffer.from([value]));
}

export function octetString(value: Uint8Array): Buffer {
  return tagged(tags.octetString, value);
}

/** A BIT STRING of whole octets. */
export function bitString(value: Uint8Array): Buffer {
  return tagged(tags.bitString, Buffer.from([0]), value);
}

/** A BIT STRING with a name for each bit: bits are counted from the first, trailing zero bits are left out. */
export function namedBits(bits: readonly number[]): Buffer {
  const last = Math.max(-1, ...bits);
  const octets = Buffer.alloc(Math.floor(last / 8) + 1);
  for (const bit of bits) {
    const octet = Math.floor(bit / 8);
    octets[octet] = (octets[octet] ?? 0) | (0x80 >> (bit % 8));
  }
  const unused = last < 0 ? 0 : 7 - (last % 8);
  return tagged(tags.bitString, Buffer.from([unused]), octets);
}

/** @param dotted e.g. `2.5.29.17` */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const octets = [first * 40 + second, ...rest].flatMap((arc) => base128(arc));
  return tagged(tags.objectIdentifier, Buffer.from(octets));
}

function base128(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    octets.unshift((rest % 128) | 0x80);
  }
  return octets;
}

export function utf8String(text: string): Buffer {
  return tagged(tags.utf8String, Buffer.from(text, "utf8"));
}

export function printableString(text: string): Buffer {
  return tagged(tags.printableString, Buffer.from(text, "latin1"));
}

export function nothing(): Buffer {
  return Buffer.from([0x05, 0x00]);
}

/** `[number]` around whole values (EXPLICIT, or IMPLICIT of something that has parts). */
export function context(number: number, ...contents: readonly Uint8Array[]): Buffer {
  return tagged(0xa0 | number, ...contents);
}

/** `[number]` in place of the tag of something without parts (IMPLICIT). */
export function contextPrimitive(number: number, content: Uint8Array): Buffer {
  return tagged(0x80 | number, content);
}

/** The time in whole seconds, as certificates write it (RFC 5280, section 4.1.2.5): UTCTime up to 2049. */
export function time(timestampMs: number): Buffer {
  const digits = timeDigits(timestampMs);
  if (Number(digits.slice(0, 4)) >= 2_050) return generalizedTime(timestampMs);
  return tagged(tags.utcTime, Buffer.from(digits.slice(2), "latin1"));
}

export function generalizedTime(timestampMs: number): Buffer {
  return tagged(tags.generalizedTime, Buffer.from(timeDigits(timestampMs), "latin1"));
}

function timeDigits(timestampMs: number): string {
  return `${new Date(timestampMs).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
}
