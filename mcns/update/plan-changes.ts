import { classes, responseCodes } from "../wire/code.ts";
import { dataIn, type Message, type MessageRecord } from "../wire/message.ts";
import { isWithin, type Name } from "../wire/name.ts";
import { isZoneType, recordTypes, typeNameOf } from "../wire/record-type.ts";
import type { RecordChanges } from "../zone/store-view.ts";
import { type RecordSet, type ResourceRecord, sameData, type Zone } from "../zone/zone.ts";
import { UpdateError } from "./update-error.ts";

const longestTtl = 0x7fff_ffff;
const ownerPattern = /^(?:\*\.)?[a-z0-9_/.-]+$/;

/** What the update section of a message does to a zone (RFC 2136, section 3.4). All of it, or nothing. A pure function.
 * @throws UpdateError when a part of it is not possible
 * @throws WireError when the data of a record are malformed */
export function planChanges(zone: Zone, message: Message): RecordChanges {
  for (const record of message.authorities) checkForm(zone, record);
  const drafts = new Drafts(zone);
  for (const record of message.authorities) applyRecord(drafts, zone, message, record);
  return drafts.changes();
}

function checkForm(zone: Zone, record: MessageRecord): void {
  const { name, type, ttl, dataLength } = record;
  if (!isWithin(name, zone.name)) {
    throw new UpdateError(responseCodes.NOTZONE, `${name} is outside of the zone`);
  }
  const isMeta = type >= 249 && type <= 255;
  const isAny = type === recordTypes.ANY;
  const isSound =
    (record.class === classes.IN && !isMeta) ||
    (record.class === classes.ANY && ttl === 0 && dataLength === 0 && (!isMeta || isAny)) ||
    (record.class === classes.NONE && ttl === 0 && !isMeta);
  if (!isSound) throw new UpdateError(responseCodes.FORMERR, "a change has an unknown form");
  if (record.class === classes.IN) checkAdded(record);
}

function checkAdded({ name, type }: MessageRecord): void {
  if (type === recordTypes.SOA || !isZoneType(type)) {
    throw new UpdateError(responseCodes.REFUSED, `records of type ${typeNameOf(type)} cannot be added`);
  }
  // The API and zone files know no other owner names, so that such a record could not be removed by them.
  if (!ownerPattern.test(name)) throw new UpdateError(responseCodes.REFUSED, `${name} is no name of a host`);
}

function applyRecord(drafts: Drafts, zone: Zone, message: Message, record: MessageRecord): void {
  const { name, type } = record;
  const isApex = name === zone.name;
  if (record.class === classes.IN) return add(drafts, message, record);
  if (type === recordTypes.SOA) return;
  if (record.class === classes.NONE) {
    const set = drafts.at(name).get(type);
    const isLastServer = isApex && type === recordTypes.NS && set?.data.length === 1;
    if (!isLastServer) drafts.remove(name, type, dataIn(message, record, true));
    return;
  }
  const keepsServers = isApex && (type === recordTypes.NS || type === recordTypes.ANY);
  if (type !== recordTypes.ANY) {
    if (!keepsServers) drafts.removeSet(name, type);
    return;
  }
  for (const each of drafts.at(name).keys()) {
    const stays = isApex && (each === recordTypes.SOA || each === recordTypes.NS);
    if (!stays) drafts.removeSet(name, each);
  }
}

/** An alias is not put beside other records, nor others beside it; such a change is passed over silently, as the RFC
 * has it. Another alias takes the place of one that is there. */
function add(drafts: Drafts, message: Message, record: MessageRecord): void {
  const { name, type } = record;
  const node = drafts.at(name);
  const hasAlias = node.has(recordTypes.CNAME);
  if (type === recordTypes.CNAME && node.size > (hasAlias ? 1 : 0)) return;
  if (type !== recordTypes.CNAME && hasAlias) return;
  if (type === recordTypes.CNAME) drafts.removeSet(name, type);
  const ttl = record.ttl > longestTtl ? 0 : record.ttl;
  drafts.add({ name, type, ttl, data: dataIn(message, record, true) });
}

/** The nodes that an update touches, as they will be. */
class Drafts {
  readonly #zone: Zone;
  readonly #nodes = new Map<Name, Map<number, RecordSet>>();

  constructor(zone: Zone) {
    this.#zone = zone;
  }

  at(name: Name): Map<number, RecordSet> {
    const draft = this.#nodes.get(name) ?? new Map(this.#zone.nodes.get(name));
    this.#nodes.set(name, draft);
    return draft;
  }

  /** The records of a set share the TTL of the one that came last. */
  add({ name, type, ttl, data }: ResourceRecord): void {
    const node = this.at(name);
    const others = (node.get(type)?.data ?? []).filter((each) => !sameData(each, data));
    node.set(type, { type, ttl, data: [...others, data] });
  }

  remove(name: Name, type: number, data: Uint8Array): void {
    const node = this.at(name);
    const set = node.get(type);
    if (set === undefined) return;
    const kept = set.data.filter((each) => !sameData(each, data));
    if (kept.length === 0) node.delete(type);
    else node.set(type, { ...set, data: kept });
  }

  removeSet(name: Name, type: number): void {
    this.at(name).delete(type);
  }

  changes(): RecordChanges {
    const removed: ResourceRecord[] = [];
    const added: ResourceRecord[] = [];
    for (const [name, draft] of this.#nodes) {
      const before = this.#zone.nodes.get(name) ?? new Map<number, RecordSet>();
      for (const set of before.values()) removed.push(...missing(name, set, draft.get(set.type)));
      for (const set of draft.values()) added.push(...missing(name, set, before.get(set.type)));
    }
    return { removed, added };
  }
}

/** The records of a set that another lacks, or has with another TTL. */
function missing(name: Name, { type, ttl, data }: RecordSet, other: RecordSet | undefined): ResourceRecord[] {
  const lacks = (each: Uint8Array): boolean =>
    other?.ttl !== ttl || !other.data.some((candidate) => sameData(candidate, each));
  return data.filter(lacks).map((each) => ({ name, type, ttl, data: each }));
}
