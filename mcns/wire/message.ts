import { classes } from "./code.ts";
import type { Name } from "./name.ts";
import { readRecordData } from "./record-data.ts";
import { recordTypes } from "./record-type.ts";
import { WireError, WireReader } from "./wire-reader.ts";

export const headerBytes = 12;

export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  /** As it was received, upper and lower case kept: name, type and class. Without compression. */
  readonly wire: Uint8Array;
}

/** A record in a message; its data are read by `dataIn`. */
export interface MessageRecord {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly startAt: number;
  readonly dataAt: number;
  readonly dataLength: number;
}

/** What the OPT record says (RFC 6891). */
export interface Edns {
  readonly version: number;
  /** Largest datagram that the sender takes. */
  readonly payloadBytes: number;
  readonly dnssecOk: boolean;
  /** Upper eight bits of the response code. */
  readonly extendedCode: number;
}

/** A message that is well formed as far as its sections go. */
export interface Message {
  readonly bytes: Uint8Array;
  readonly id: number;
  readonly flags: number;
  readonly opcode: number;
  /** With the upper bits of EDNS. */
  readonly code: number;
  readonly questions: readonly Question[];
  readonly answers: readonly MessageRecord[];
  readonly authorities: readonly MessageRecord[];
  /** Without OPT and TSIG. */
  readonly additionals: readonly MessageRecord[];
  readonly edns: Edns | undefined;
  /** The last record, when it is a TSIG. */
  readonly tsig: MessageRecord | undefined;
}

/** Reads a message.
 * @throws WireError when it is malformed, also when something follows it */
export function readMessage(bytes: Uint8Array): Message {
  const reader = new WireReader(bytes);
  const id = reader.u16();
  const flags = reader.u16();
  const counts = [reader.u16(), reader.u16(), reader.u16(), reader.u16()] as const;
  // RFC 9619: there is no message with several.
  if (counts[0] > 1) throw new WireError("there is more than one question");
  const questions = times(counts[0], () => readQuestion(reader));
  const answers = times(counts[1], () => readRecord(reader));
  const authorities = times(counts[2], () => readRecord(reader));
  const extras = times(counts[3], () => readRecord(reader));
  if (reader.left > 0) throw new WireError("something follows the message");
  const isPseudo = ({ type }: MessageRecord): boolean =>
    type === recordTypes.OPT || type === recordTypes.TSIG;
  if (answers.some(isPseudo) || authorities.some(isPseudo)) throw new WireError("a record is misplaced");
  const edns = ednsOf(bytes, extras);
  return {
    bytes,
    id,
    flags,
    opcode: (flags >> 11) & 15,
    code: (flags & 15) | ((edns?.extendedCode ?? 0) << 4),
    questions,
    answers,
    authorities,
    additionals: extras.filter((record) => !isPseudo(record)),
    edns,
    tsig: tsigOf(extras),
  };
}

/** Counts are those of the message: reading stops at its end, so they need no other bound. */
function times<Item>(count: number, read: () => Item): Item[] {
  const items: Item[] = [];
  for (let index = 0; index < count; index++) items.push(read());
  return items;
}

function readQuestion(reader: WireReader): Question {
  const from = reader.at;
  const name = reader.readName();
  const wire = reader.bytes.subarray(from, reader.at + 4);
  return { name, type: reader.u16(), class: reader.u16(), wire };
}

function readRecord(reader: WireReader): MessageRecord {
  const startAt = reader.at;
  reader.skipName();
  const type = reader.u16();
  const kind = reader.u16();
  const ttl = reader.u32();
  const dataLength = reader.u16();
  const dataAt = reader.at;
  reader.take(dataLength);
  return new ReadRecord(reader.bytes, { type, class: kind, ttl, startAt, dataAt, dataLength });
}

/** Its name is put together when it is asked for: a message may have thousands of long ones, and who sends such a
 * message must not keep the server busy before it is known who that is. */
class ReadRecord implements MessageRecord {
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly startAt: number;
  readonly dataAt: number;
  readonly dataLength: number;
  readonly #bytes: Uint8Array;
  #name: Name | undefined;

  constructor(bytes: Uint8Array, fields: Omit<MessageRecord, "name">) {
    this.#bytes = bytes;
    this.type = fields.type;
    this.class = fields.class;
    this.ttl = fields.ttl;
    this.startAt = fields.startAt;
    this.dataAt = fields.dataAt;
    this.dataLength = fields.dataLength;
  }

  get name(): Name {
    this.#name ??= new WireReader(this.#bytes, this.startAt).readName();
    return this.#name;
  }
}

function ednsOf(bytes: Uint8Array, extras: readonly MessageRecord[]): Edns | undefined {
  const [record, ...others] = extras.filter(({ type }) => type === recordTypes.OPT);
  if (record === undefined) return undefined;
  if (others.length > 0 || record.name !== "") throw new WireError("there is more than one OPT record");
  const options = new WireReader(bytes, record.dataAt, record.dataAt + record.dataLength);
  while (options.left > 0) {
    options.u16();
    options.take(options.u16());
  }
  return {
    version: (record.ttl >>> 16) & 0xff,
    payloadBytes: record.class,
    dnssecOk: (record.ttl & 0x8000) !== 0,
    extendedCode: record.ttl >>> 24,
  };
}

function tsigOf(extras: readonly MessageRecord[]): MessageRecord | undefined {
  const at = extras.findIndex(({ type }) => type === recordTypes.TSIG);
  if (at < 0) return undefined;
  const record = extras[at];
  if (at !== extras.length - 1 || record?.class !== classes.ANY) throw new WireError("a TSIG is misplaced");
  return record;
}

/** The data of a record of a message, without compression.
 * @throws WireError where the type is known and the data do not fit it */
export function dataIn(message: Message, record: MessageRecord, lowerCase: boolean): Uint8Array {
  const reader = new WireReader(message.bytes, record.dataAt, record.dataAt + record.dataLength);
  return readRecordData(record.type, reader, lowerCase);
}
