import { classes, flagBits, responseCodes } from "../wire/code.ts";
import { dataIn, type Message } from "../wire/message.ts";
import { MessageWriter, type OwnedSet } from "../wire/message-writer.ts";
import { recordTypes } from "../wire/record-type.ts";
import { isNewerSerial, serialOf, soaRecord } from "../wire/soa.ts";
import type { Name } from "../wire/name.ts";
import { type ResourceRecord, recordsOf, type Zone } from "../zone/zone.ts";
import type { ZoneSource } from "../zone/store-view.ts";
import { type Signature, signatureBytes, signResponse } from "./tsig.ts";

/** A message of a transfer; more records go into the next one. */
const messageBytes = 16_384;
/** No message of a transfer is larger, not even for one large record. */
const largestMessageBytes = 65_535;

/** What a request for a transfer comes to. */
export type Transfer =
  | { readonly kind: "refused"; readonly code: number }
  /** The records of the answer, in order; the SOA record is the first and the last. */
  | { readonly kind: "records"; readonly zone: Zone; readonly records: Iterable<ResourceRecord> };

/** Decides a request for AXFR (RFC 5936) or IXFR (RFC 1995). Only a key that the zone names may transfer it.
 * @param isStream false: by UDP, where an answer is the current SOA record at most
 * @throws WireError when the client's SOA record is malformed */
export function planTransfer(
  source: ZoneSource,
  request: Message,
  signature: Signature | undefined,
  isStream: boolean,
): Transfer {
  const question = request.questions[0];
  const zone = question === undefined ? undefined : source.current().get(question.name);
  if (question === undefined || zone === undefined) return { kind: "refused", code: responseCodes.NOTAUTH };
  if (signature === undefined || !zone.policy.transferKeys.includes(signature.key.name)) {
    return { kind: "refused", code: responseCodes.REFUSED };
  }
  if (question.type === recordTypes.AXFR) {
    if (!isStream) return { kind: "refused", code: responseCodes.FORMERR };
    return { kind: "records", zone, records: wholeZone(zone) };
  }
  const serial = serialOfClient(request, zone.name);
  if (serial === undefined) return { kind: "refused", code: responseCodes.FORMERR };
  const current = [soaRecord(zone.name, zone.soa)];
  if (!isNewerSerial(zone.soa.serial, serial) || !isStream)
    return { kind: "records", zone, records: current };
  const changes = source.changes(zone.name, serial);
  const isComplete = changes !== undefined && changes.at(-1)?.toSerial === zone.soa.serial;
  if (!isComplete) return { kind: "records", zone, records: wholeZone(zone) };
  const steps = changes.flatMap(({ removed, added }) => [...removed, ...added]);
  return { kind: "records", zone, records: [...current, ...steps, ...current] };
}

function* wholeZone(zone: Zone): Generator<ResourceRecord> {
  yield* recordsOf(zone);
  yield soaRecord(zone.name, zone.soa);
}

/** The serial number that a client of IXFR has: that of the SOA record in the authority section. */
function serialOfClient(request: Message, zone: Name): number | undefined {
  const record = request.authorities.find(({ type, name }) => type === recordTypes.SOA && name === zone);
  return record === undefined ? undefined : serialOf(dataIn(request, record, true));
}

/** The messages of a transfer, each signed. They are made as they are asked for, so that a large zone is never whole
 * in memory twice.
 * @param nowSeconds wall clock */
export function* transferMessages(
  request: Message,
  records: Iterable<ResourceRecord>,
  signature: Signature,
  nowSeconds: () => number,
): Generator<Buffer> {
  const frame = { request, reserve: signatureBytes(signature.key) };
  let signedBy = signature;
  let isFirst = true;
  let writer = begin(frame, isFirst);
  const seal = (): Buffer => {
    const signed = signResponse(writer.finish(), signedBy, nowSeconds(), isFirst);
    signedBy = signed.next;
    isFirst = false;
    return signed.message;
  };
  for (const { name, type, ttl, data } of records) {
    const set: OwnedSet = { name, type, class: classes.IN, ttl, data: [data] };
    if (writer.length + data.length < messageBytes && writer.set("answers", set)) continue;
    if (writer.length > 512) {
      yield seal();
      writer = begin(frame, isFirst);
    }
    if (!writer.set("answers", set)) throw new RangeError(`a record of ${name} does not fit into a message`);
  }
  yield seal();
}

function begin({ request, reserve }: { request: Message; reserve: number }, isFirst: boolean): MessageWriter {
  const writer = new MessageWriter(largestMessageBytes);
  writer.header(request.id, flagBits.response | flagBits.authoritative);
  const question = request.questions[0];
  if (isFirst && question !== undefined) writer.question(question.wire);
  writer.reserve(reserve);
  return writer;
}
