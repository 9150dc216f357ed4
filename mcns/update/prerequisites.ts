import { classes, responseCodes } from "../wire/code.ts";
import { dataIn, type Message, type MessageRecord } from "../wire/message.ts";
import { isWithin } from "../wire/name.ts";
import { recordTypes, typeNameOf } from "../wire/record-type.ts";
import { type RecordSet, sameData, type Zone } from "../zone/zone.ts";
import { UpdateError } from "./update-error.ts";

/** Checks what an update takes for granted (RFC 2136, section 3.2).
 * @throws UpdateError when something is not so
 * @throws WireError when the data of a record are malformed */
export function checkPrerequisites(zone: Zone, message: Message): void {
  const expected = new Map<string, { record: MessageRecord; data: Uint8Array[] }>();
  for (const record of message.answers) {
    if (record.ttl !== 0) throw new UpdateError(responseCodes.FORMERR, "a prerequisite has a TTL");
    if (!isWithin(record.name, zone.name)) {
      throw new UpdateError(responseCodes.NOTZONE, `the prerequisite ${record.name} is outside of the zone`);
    }
    if (record.class === classes.IN) {
      const key = `${record.type} ${record.name}`;
      const entry = expected.get(key) ?? { record, data: [] };
      entry.data.push(dataIn(message, record, true));
      expected.set(key, entry);
    } else checkExistence(zone, record);
  }
  for (const { record, data } of expected.values()) checkSame(zone, record, data);
}

function checkExistence(zone: Zone, record: MessageRecord): void {
  const { name, type } = record;
  if (record.dataLength > 0 || (record.class !== classes.ANY && record.class !== classes.NONE)) {
    throw new UpdateError(responseCodes.FORMERR, "a prerequisite has an unknown form");
  }
  const node = zone.nodes.get(name);
  const isWanted = record.class === classes.ANY;
  if (type === recordTypes.ANY) {
    const isUsed = node !== undefined && node.size > 0;
    if (isWanted && !isUsed) throw new UpdateError(responseCodes.NXDOMAIN, `${name} has no records`);
    if (!isWanted && isUsed) throw new UpdateError(responseCodes.YXDOMAIN, `${name} has records`);
    return;
  }
  const exists = node?.has(type) === true;
  const what = `${typeNameOf(type)} records at ${name}`;
  if (isWanted && !exists) throw new UpdateError(responseCodes.NXRRSET, `there are no ${what}`);
  if (!isWanted && exists) throw new UpdateError(responseCodes.YXRRSET, `there are ${what}`);
}

function checkSame(zone: Zone, { name, type }: MessageRecord, data: readonly Uint8Array[]): void {
  const set: RecordSet | undefined = zone.nodes.get(name)?.get(type);
  const found = set?.data ?? [];
  const isSame =
    found.every((each) => data.some((other) => sameData(each, other))) &&
    data.every((each) => found.some((other) => sameData(each, other)));
  if (!isSame) {
    throw new UpdateError(responseCodes.NXRRSET, `the ${typeNameOf(type)} records at ${name} differ`);
  }
}
