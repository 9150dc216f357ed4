import { ipv4Bytes, ipv4Text, ipv6Bytes, ipv6Text } from "./address.ts";
import { quoteBytes, unescapeBytes } from "./character-string.ts";
import { DataReader } from "./data-reader.ts";
import { unsigned } from "./number.ts";
import { RecordProblem } from "./record-problem.ts";

/** Keys of service parameters by number (RFC 9460 section 14.3.2, RFC 9461). */
const keys = [
  "mandatory",
  "alpn",
  "no-default-alpn",
  "port",
  "ipv4hint",
  "ech",
  "ipv6hint",
  "dohpath",
] as const;
type Key = (typeof keys)[number];

interface Codec {
  parse(value: Uint8Array): Uint8Array;
  format(wire: Uint8Array): string;
}

/** @throws RecordProblem for all of these words, which belong together */
export function serviceParametersToWire(words: readonly string[]): Uint8Array {
  const found = new Map<number, Uint8Array>();
  for (const word of words) {
    const [, name = "", given] = /^([^=]*)(?:=(.*))?$/su.exec(word) ?? [];
    const key = keyNumber(name);
    if (found.has(key)) throw new RecordProblem(`the parameter ${name} is there twice`);
    found.set(key, codecOf(key).parse(unescapeBytes(unquote(given ?? ""))));
  }
  checkTogether(found);
  const sorted = [...found].toSorted(([a], [b]) => a - b);
  return Buffer.concat(
    sorted.flatMap(([key, value]) => [unsigned(key, 2), unsigned(value.length, 2), value]),
  );
}

/** @returns the words, in the order of their keys */
export function serviceParametersToText(wire: Uint8Array): string[] {
  const reader = new DataReader(wire);
  const words: string[] = [];
  while (!reader.isAtEnd) {
    const key = reader.number(2);
    const value = codecOf(key).format(reader.counted(2));
    words.push(value === "" ? keyName(key) : `${keyName(key)}=${value}`);
  }
  return words;
}

function unquote(value: string): string {
  return /^"(.*)"$/su.exec(value)?.[1] ?? value;
}

function keyNumber(name: string): number {
  const known = (keys as readonly string[]).indexOf(name);
  if (known >= 0) return known;
  const number = /^key(0|[1-9]\d{0,4})$/u.exec(name)?.[1];
  const plain = keys[Number(number)];
  if (plain !== undefined) throw new RecordProblem(`${name} has a name`, { hint: `write it as ${plain}` });
  if (number !== undefined && Number(number) < 65_535) return Number(number);
  throw new RecordProblem(`there is no parameter ${JSON.stringify(name)}`, {
    hint: `known are ${keys.join(", ")} and keyNNNNN`,
  });
}

function keyName(key: number): string {
  return keys[key] ?? `key${key}`;
}

/** RFC 9460 section 8. */
function checkTogether(found: ReadonlyMap<number, Uint8Array>): void {
  if (found.has(2) && !found.has(1)) throw new RecordProblem("no-default-alpn needs alpn");
  const mandatory = found.get(0);
  if (mandatory === undefined) return;
  const reader = new DataReader(mandatory);
  while (!reader.isAtEnd) {
    const key = reader.number(2);
    if (key === 0) throw new RecordProblem("mandatory cannot name itself");
    if (!found.has(key)) throw new RecordProblem(`mandatory names ${keyName(key)}, which is missing`);
  }
}

function codecOf(key: number): Codec {
  const name: Key | undefined = keys[key];
  return name === undefined ? opaque : codecs[name];
}

const opaque: Codec = {
  parse: (value) => value,
  format: (wire) => (wire.length === 0 ? "" : quoteBytes(wire)),
};

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** A list of addresses or keys. */
function list(codec: {
  bytes: number;
  parse: (text: string) => Uint8Array;
  format: (wire: Uint8Array) => string;
  isSorted?: boolean;
}): Codec {
  return {
    parse(value) {
      if (value.length === 0) throw new RecordProblem("a list of parameters is empty");
      const items = latin1(value).split(",").map(codec.parse);
      return Buffer.concat(codec.isSorted === true ? items.toSorted((a, b) => Buffer.compare(a, b)) : items);
    },
    format(wire) {
      const count = Math.floor(wire.length / codec.bytes);
      const at = (index: number): Uint8Array => wire.subarray(index * codec.bytes, (index + 1) * codec.bytes);
      return Array.from({ length: count }, (_, index) => codec.format(at(index))).join(",");
    },
  };
}

const codecs: Readonly<Record<Key, Codec>> = {
  mandatory: list({
    bytes: 2,
    parse: (text) => unsigned(keyNumber(text), 2),
    format: (wire) => keyName(new DataReader(wire).number(2)),
    isSorted: true,
  }),
  alpn: { parse: parseAlpn, format: formatAlpn },
  "no-default-alpn": {
    parse(value) {
      if (value.length > 0) throw new RecordProblem("no-default-alpn takes no value");
      return value;
    },
    format: () => "",
  },
  port: {
    parse(value) {
      const text = latin1(value);
      if (!/^\d{1,5}$/u.test(text) || Number(text) > 65_535) {
        throw new RecordProblem(`${JSON.stringify(text)} is no port`);
      }
      return unsigned(Number(text), 2);
    },
    format: (wire) => String(new DataReader(wire).number(2)),
  },
  ipv4hint: list({ bytes: 4, parse: ipv4Bytes, format: ipv4Text }),
  ech: {
    parse(value) {
      const text = latin1(value);
      if (text === "" || !/^[A-Za-z0-9+/]*={0,2}$/u.test(text)) throw new RecordProblem("ech is not base64");
      return Buffer.from(text, "base64");
    },
    format: (wire) => Buffer.from(wire).toString("base64"),
  },
  ipv6hint: list({ bytes: 16, parse: ipv6Bytes, format: ipv6Text }),
  dohpath: opaque,
};

/** A list whose commas and backslashes are escaped once more (RFC 9460 appendix A.1). */
function parseAlpn(value: Uint8Array): Uint8Array {
  const items = latin1(value).match(/(?:\\.|[^\\,])+|,,|^,|,$/gsu) ?? [];
  const isWrong = items.length === 0 || items.some((item) => item.startsWith(","));
  if (isWrong) throw new RecordProblem("alpn has an empty protocol name", { hint: 'such as "h2,h3"' });
  const names = items.map((item) => Buffer.from(item.replaceAll(/\\(.)/gsu, "$1"), "latin1"));
  if (names.some((name) => name.length > 255))
    throw new RecordProblem("a protocol name has more than 255 bytes");
  return Buffer.concat(names.flatMap((name) => [unsigned(name.length, 1), name]));
}

function formatAlpn(wire: Uint8Array): string {
  const reader = new DataReader(wire);
  const items: string[] = [];
  while (!reader.isAtEnd) items.push(latin1(reader.counted(1)).replaceAll(/[\\,]/gu, String.raw`\$&`));
  const joined = items.join(",");
  return /^[A-Za-z0-9/.,_-]+$/u.test(joined) ? joined : quoteBytes(Buffer.from(joined, "latin1"));
}
