import { headerBytes } from "../wire/message.ts";
import { recordTypes } from "../wire/record-type.ts";
import { lowered } from "../wire/wire-reader.ts";
import { largestDatagramBytes } from "./encode.ts";

/** Encoded answers by question. What differs between two clients that ask the same, which is the id, upper and lower
 * case (0x20), and the flags RD, RA and CD, is put in on the way out. Bounded: when full, it starts over. */
export class EncodedCache {
  readonly #entries = new Map<string, Buffer>();
  readonly #mostEntries: number;
  readonly #mostBytes: number;
  #bytes = 0;

  /** @param limits.bytes of the answers together */
  constructor(limits: { entries: number; bytes: number }) {
    this.#mostEntries = limits.entries;
    this.#mostBytes = limits.bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A response to the query, made from what was put in for its key. */
  respond(key: QueryKey, query: Uint8Array, recursionAvailable: boolean): Buffer | undefined {
    const stored = this.#entries.get(key.text);
    if (stored === undefined) return undefined;
    const response = Buffer.allocUnsafe(stored.length);
    response.set(stored, 0);
    response[0] = query[0] ?? 0;
    response[1] = query[1] ?? 0;
    response[2] = ((stored[2] ?? 0) & 0xfe) | ((query[2] ?? 0) & 0x01);
    const available = recursionAvailable ? 0x80 : 0;
    response[3] = ((stored[3] ?? 0) & 0x6f) | available | ((query[3] ?? 0) & 0x10);
    for (let at = headerBytes; at < key.questionEnd; at++) response[at] = query[at] ?? 0;
    return response;
  }

  /** @param response to a query with this key, with the question right behind the header; it is copied */
  store(key: QueryKey, response: Uint8Array): void {
    if (this.#entries.size >= this.#mostEntries || this.#bytes + response.length > this.#mostBytes)
      this.clear();
    this.#entries.set(key.text, Buffer.from(response));
    this.#bytes += response.length;
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}

/** What an answer depends on, taken from the bytes of a query. */
export interface QueryKey {
  readonly text: string;
  /** Where the question ends. */
  readonly questionEnd: number;
}

/** The key of a plain query: opcode QUERY, one question of class IN without compression, and nothing else but maybe
 * an OPT record of version 0 that takes as much as is ever sent. Undefined for every other message.
 * @param scratch at least 260 bytes that are overwritten
 * @param isStream by TCP or TLS, where answers are whole */
export function queryKeyOf(query: Uint8Array, scratch: Buffer, isStream: boolean): QueryKey | undefined {
  if (!hasPlainHeader(query)) return undefined;
  const questionEnd = copyQuestion(query, scratch);
  if (questionEnd === undefined) return undefined;
  const extras = query[11] ?? 0;
  const rest = extras === 0 ? plainEnd(query, questionEnd) : ednsEnd(query, questionEnd, isStream);
  if (rest === undefined) return undefined;
  scratch[0] = rest + (isStream ? 2 : 0);
  return { text: scratch.toString("latin1", 0, questionEnd - headerBytes + 1), questionEnd };
}

/** Not a response, opcode 0, not truncated, counts 1, 0, 0 and 0 or 1. */
function hasPlainHeader(query: Uint8Array): boolean {
  if (query.length < headerBytes + 5 || ((query[2] ?? 0) & 0xfa) !== 0) return false;
  const counts = (query[4] ?? 0) | (query[6] ?? 0) | (query[7] ?? 0) | (query[8] ?? 0) | (query[9] ?? 0);
  return counts === 0 && query[5] === 1 && query[10] === 0 && (query[11] ?? 0) <= 1;
}

/** Copies the question to `scratch` from 1 on, its name in lower case, and returns where it ends. */
function copyQuestion(query: Uint8Array, scratch: Buffer): number | undefined {
  let at = headerBytes;
  let to = 1;
  for (;;) {
    const length = query[at] ?? 0xff;
    if (length > 63 || to + length > 254) return undefined;
    scratch[to++] = length;
    at += 1;
    if (length === 0) break;
    for (const end = at + length; at < end; at++) scratch[to++] = lowered(query[at] ?? 0);
  }
  if (at + 4 > query.length || query[at + 2] !== 0 || query[at + 3] !== 1) return undefined;
  for (const end = at + 4; at < end; at++) scratch[to++] = query[at] ?? 0;
  return at;
}

function plainEnd(query: Uint8Array, at: number): 0 | undefined {
  return at === query.length ? 0 : undefined;
}

/** The OPT record: ".", 41, payload size, extended code, version 0, flags, options that end where the message does. */
function ednsEnd(query: Uint8Array, at: number, isStream: boolean): 1 | undefined {
  if (at + 11 > query.length || query[at] !== 0 || sixteenBits(query, at + 1) !== recordTypes.OPT)
    return undefined;
  const takesAll = isStream || sixteenBits(query, at + 3) >= largestDatagramBytes;
  const isVersionZero = query[at + 6] === 0;
  const isLast = at + 11 + sixteenBits(query, at + 9) === query.length;
  return takesAll && isVersionZero && isLast && areOptions(query, at + 11) ? 1 : undefined;
}

/** Whether options fill the rest of the message. */
function areOptions(query: Uint8Array, from: number): boolean {
  let at = from;
  while (at + 4 <= query.length) at += 4 + sixteenBits(query, at + 2);
  return at === query.length;
}

function sixteenBits(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
