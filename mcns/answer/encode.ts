import { flagBits, responseCodes } from "../wire/code.ts";
import { MessageWriter, type OwnedSet, type Section } from "../wire/message-writer.ts";
import { recordTypes } from "../wire/record-type.ts";
import type { Reply } from "./reply.ts";

/** Largest datagram that is sent, and said to be taken: it survives every path without fragments. */
export const largestDatagramBytes = 1232;
/** Largest datagram for clients without EDNS (RFC 1035, section 4.2.1). */
export const plainDatagramBytes = 512;
export const largestMessageBytes = 65_535;

/** What of a request goes back into the response. */
export interface RequestFrame {
  readonly id: number;
  readonly flags: number;
  readonly opcode: number;
  /** Undefined: the question could not be read, or there was none. */
  readonly question?: Uint8Array | undefined;
  readonly hasEdns: boolean;
  /** Signatures were asked for, and the reply has them where there are any (RFC 3225, section 3). */
  readonly dnssecOk?: boolean;
}

export interface Limits {
  /** Of the whole message. */
  readonly bytes: number;
  /** Kept free at the end, for a TSIG. */
  readonly reservedBytes?: number;
  readonly recursionAvailable: boolean;
}

const optBytes = 11;
const copiedFlags = flagBits.recursionDesired | flagBits.checkingDisabled;

/** The message that says the reply. What does not fit is left out by whole record sets, and the message marked as
 * truncated (RFC 2181, section 9). */
export function encodeReply(request: RequestFrame, reply: Reply, limits: Limits): Buffer {
  const { reservedBytes = 0 } = limits;
  const writer = new MessageWriter(limits.bytes);
  writer.header(request.id, flagsOf(request, reply, limits.recursionAvailable));
  if (request.question !== undefined) writer.question(request.question);
  const tail = reservedBytes + (request.hasEdns ? optBytes : 0);
  writer.reserve(tail);
  const isWhole =
    writeAll(writer, "answers", reply.answers) &&
    writeAll(writer, "authorities", reply.authorities) &&
    writeAll(writer, "additionals", reply.glue);
  if (isWhole) for (const set of reply.additionals) writer.set("additionals", set);
  else writer.addFlags(flagBits.truncated);
  writer.release(tail);
  if (request.hasEdns) writer.rawRecord("additionals", optRecord(reply.code, request.dnssecOk === true));
  return writer.finish();
}

function flagsOf(request: RequestFrame, reply: Reply, recursionAvailable: boolean): number {
  let flags = flagBits.response | (request.opcode << 11) | (request.flags & copiedFlags);
  if (reply.authoritative) flags |= flagBits.authoritative;
  if (recursionAvailable) flags |= flagBits.recursionAvailable;
  if (reply.authenticData === true) flags |= flagBits.authenticData;
  // A code above 15 is said by EDNS; without it, this is the nearest.
  const code = reply.code > 15 && !request.hasEdns ? responseCodes.SERVFAIL : reply.code;
  return flags | (code & 15);
}

function writeAll(writer: MessageWriter, section: Section, sets: readonly OwnedSet[]): boolean {
  return sets.every((set) => writer.set(section, set));
}

/** Name ".", class: the payload size, TTL: code, version 0 and the flag DO (RFC 6891, section 6.1.2). */
function optRecord(code: number, dnssecOk: boolean): Uint8Array {
  const record = Buffer.alloc(optBytes);
  record.writeUInt16BE(recordTypes.OPT, 1);
  record.writeUInt16BE(largestDatagramBytes, 3);
  record.writeUInt8(code >> 4, 5);
  record.writeUInt16BE(dnssecOk ? 0x8000 : 0, 7);
  return record;
}
