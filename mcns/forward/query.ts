import { largestDatagramBytes } from "../answer/encode.ts";
import { classes, flagBits } from "../wire/code.ts";
import { headerBytes, type Message } from "../wire/message.ts";
import { nameToWire } from "../wire/name.ts";
import { recordTypes } from "../wire/record-type.ts";
import type { ForwardQuestion } from "./question.ts";

/** A query on its way upstream. */
export interface OutgoingQuery {
  readonly id: number;
  /** Name, type and class, with letters in the case they were sent in. */
  readonly question: Uint8Array;
  readonly bytes: Buffer;
}

/** Random bytes, so that nobody can guess what an answer must look like. */
export type RandomBytes = (count: number) => Uint8Array;

/** The query for a question, with a random id, and the letters of its name in random case (0x20): an answer that is
 * forged without sight of the query must hit both. */
export function encodeQuery(question: ForwardQuestion, random: RandomBytes): OutgoingQuery {
  const name = nameToWire(question.name);
  const noise = random(name.length + 2);
  const id = ((noise[0] ?? 0) << 8) | (noise[1] ?? 0);
  const asked = Buffer.alloc(name.length + 4);
  for (const [at, byte] of name.entries()) {
    const isLetter = byte >= 0x61 && byte <= 0x7a;
    asked[at] = isLetter && ((noise[at + 2] ?? 0) & 1) === 1 ? byte - 0x20 : byte;
  }
  asked.writeUInt16BE(question.type, name.length);
  asked.writeUInt16BE(classes.IN, name.length + 2);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(id, 0);
  const flags = flagBits.recursionDesired | (question.checkingDisabled ? flagBits.checkingDisabled : 0);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(1, 10);
  const opt = Buffer.alloc(11);
  opt.writeUInt16BE(recordTypes.OPT, 1);
  opt.writeUInt16BE(largestDatagramBytes, 3);
  opt.writeUInt16BE(question.dnssecOk ? 0x8000 : 0, 7);
  return { id, question: asked, bytes: Buffer.concat([header, asked, opt]) };
}

/** Whether a message is the answer to the query, down to the case of its letters. */
export function isAnswerTo(query: OutgoingQuery, message: Message): boolean {
  const [question] = message.questions;
  return (
    message.id === query.id &&
    (message.flags & flagBits.response) !== 0 &&
    message.questions.length === 1 &&
    question !== undefined &&
    Buffer.compare(question.wire, query.question) === 0
  );
}
