import { timingSafeEqual } from "node:crypto";
import { classes } from "../wire/code.ts";
import type { Message } from "../wire/message.ts";
import { type Name, nameToWire } from "../wire/name.ts";
import { recordTypes } from "../wire/record-type.ts";
import { WireReader } from "../wire/wire-reader.ts";
import { macBytesOf, macOf, type TsigKey, type TsigKeys } from "./tsig-key.ts";

export const tsigErrors = { BADSIG: 16, BADKEY: 17, BADTIME: 18 } as const;
export type TsigError = keyof typeof tsigErrors;

/** Seconds by which clocks may differ, said in what we sign. */
const fudgeSeconds = 300;
const shortestMacBytes = 16;

interface TsigRecord {
  readonly keyName: Name;
  readonly algorithm: Name;
  readonly time: number;
  readonly fudge: number;
  readonly mac: Uint8Array;
  readonly originalId: number;
  readonly error: number;
  readonly other: Uint8Array;
}

/** Who signed a request, and what its answer is signed with. */
export interface Signature {
  readonly key: TsigKey;
  /** Of the request, or of the message before in a transfer. */
  readonly mac: Uint8Array;
}

/** What came of looking at the signature of a request. */
export type Verified =
  | { readonly kind: "unsigned" }
  | { readonly kind: "good"; readonly signature: Signature }
  | {
      readonly kind: "bad";
      readonly error: TsigError;
      /** What the answer says: signed when the time was wrong, else not (RFC 8945, section 5.2). */
      sign(response: Uint8Array): Buffer;
    };

/** Checks the TSIG of a request.
 * @param nowSeconds wall clock
 * @throws WireError when the record is malformed */
export function verifyRequest(message: Message, keys: TsigKeys, nowSeconds: number): Verified {
  if (message.tsig === undefined) return { kind: "unsigned" };
  const record = readTsig(message);
  const key = keys.get(record.keyName);
  if (key === undefined || key.algorithm !== record.algorithm) return unsignedError("BADKEY", record);
  const mac = macOf(key, [unsignedBytes(message, record.originalId), variables(record)]);
  if (!isMac(mac, record.mac)) return unsignedError("BADSIG", record);
  const signature = { key, mac: record.mac };
  if (Math.abs(nowSeconds - record.time) <= record.fudge) return { kind: "good", signature };
  const other = Buffer.alloc(6);
  other.writeUIntBE(nowSeconds, 0, 6);
  return {
    kind: "bad",
    error: "BADTIME",
    sign: (response) =>
      signed(response, signature, { time: record.time, error: tsigErrors.BADTIME, other }).message,
  };
}

/** Checks the TSIG of a response, as who asked does.
 * @param mac of the request, or of the message before */
export function isResponseSigned(message: Message, signature: Signature, isFirst: boolean): boolean {
  if (message.tsig === undefined) return false;
  const record = readTsig(message);
  const end = isFirst ? variables(record) : timers(record.time, record.fudge);
  const parts = [counted(signature.mac), unsignedBytes(message, record.originalId), end];
  return record.keyName === signature.key.name && isMac(macOf(signature.key, parts), record.mac);
}

/** Signs the response to a signed request. Of several messages each is signed: the first as a response, the others
 * with the MAC of the one before them (RFC 8945, section 5.3.1).
 * @returns the signed message, and the signature for the next one */
export function signResponse(
  response: Uint8Array,
  signature: Signature,
  nowSeconds: number,
  isFirst = true,
): { message: Buffer; next: Signature } {
  return signed(response, signature, { time: nowSeconds, error: 0, other: new Uint8Array() }, isFirst);
}

/** Signs a request. */
export function signRequest(
  request: Uint8Array,
  key: TsigKey,
  nowSeconds: number,
): { message: Buffer; next: Signature } {
  const record = { ...blank(key), time: nowSeconds, originalId: idOf(request) };
  const mac = macOf(key, [request, variables(record)]);
  return { message: withTsig(request, { ...record, mac }), next: { key, mac } };
}

/** Bytes that a signature with the key adds to a message. */
export function signatureBytes(key: TsigKey): number {
  return nameToWire(key.name).length + 10 + nameToWire(key.algorithm).length + 16 + macBytesOf(key) + 6;
}

function unsignedError(error: TsigError, record: TsigRecord): Verified {
  const answer = { ...record, mac: new Uint8Array(), error: tsigErrors[error], other: new Uint8Array() };
  return { kind: "bad", error, sign: (response) => withTsig(response, answer) };
}

function signed(
  response: Uint8Array,
  { key, mac: before }: Signature,
  said: { time: number; error: number; other: Uint8Array },
  isFirst = true,
): { message: Buffer; next: Signature } {
  const record = { ...blank(key), ...said, originalId: idOf(response) };
  const end = isFirst ? variables(record) : timers(record.time, record.fudge);
  const mac = macOf(key, [counted(before), response, end]);
  return { message: withTsig(response, { ...record, mac }), next: { key, mac } };
}

function blank(key: TsigKey): TsigRecord {
  return {
    keyName: key.name,
    algorithm: key.algorithm,
    time: 0,
    fudge: fudgeSeconds,
    mac: new Uint8Array(),
    originalId: 0,
    error: 0,
    other: new Uint8Array(),
  };
}

function readTsig(message: Message): TsigRecord {
  const { name = "", dataAt = 0, dataLength = 0 } = message.tsig ?? {};
  const reader = new WireReader(message.bytes, dataAt, dataAt + dataLength);
  const algorithm = reader.readName();
  const time = reader.u48();
  const fudge = reader.u16();
  const mac = reader.take(reader.u16());
  const originalId = reader.u16();
  const error = reader.u16();
  const other = reader.take(reader.u16());
  return { keyName: name, algorithm, time, fudge, mac, originalId, error, other };
}

/** The message as it was before it was signed: without the record, with the id that its signer gave it. */
function unsignedBytes(message: Message, originalId: number): Buffer {
  const bytes = Buffer.from(message.bytes.subarray(0, message.tsig?.startAt));
  bytes.writeUInt16BE(originalId, 0);
  bytes.writeUInt16BE(bytes.readUInt16BE(10) - 1, 10);
  return bytes;
}

/** A MAC may be cut to half of its length (RFC 8945, section 5.2.2.1). */
function isMac(expected: Uint8Array, found: Uint8Array): boolean {
  const shortest = Math.max(shortestMacBytes, expected.length / 2);
  if (found.length < shortest || found.length > expected.length) return false;
  return timingSafeEqual(expected.subarray(0, found.length), found);
}

/** RFC 8945, section 4.3.3. */
function variables(record: TsigRecord): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(classes.ANY, 0);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(record.error, 0);
  tail.writeUInt16BE(record.other.length, 2);
  return Buffer.concat([
    nameToWire(record.keyName),
    head,
    nameToWire(record.algorithm),
    timers(record.time, record.fudge),
    tail,
    record.other,
  ]);
}

function timers(time: number, fudge: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUIntBE(time, 0, 6);
  bytes.writeUInt16BE(fudge, 6);
  return bytes;
}

function counted(bytes: Uint8Array): Buffer {
  const counted = Buffer.alloc(bytes.length + 2);
  counted.writeUInt16BE(bytes.length, 0);
  counted.set(bytes, 2);
  return counted;
}

function withTsig(message: Uint8Array, record: TsigRecord): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(recordTypes.TSIG, 0);
  head.writeUInt16BE(classes.ANY, 2);
  const ids = Buffer.alloc(4);
  ids.writeUInt16BE(record.originalId, 0);
  ids.writeUInt16BE(record.error, 2);
  const data = Buffer.concat([
    nameToWire(record.algorithm),
    timers(record.time, record.fudge),
    counted(record.mac),
    ids,
    counted(record.other),
  ]);
  const bytes = Buffer.concat([message, nameToWire(record.keyName), head, counted(data)]);
  bytes.writeUInt16BE(bytes.readUInt16BE(10) + 1, 10);
  return bytes;
}

function idOf(message: Uint8Array): number {
  return ((message[0] ?? 0) << 8) | (message[1] ?? 0);
}
