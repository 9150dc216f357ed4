import { type Name, isWithin, parentOf } from "../wire/name.ts";
import { recordTypes } from "../wire/record-type.ts";

/** One record. */
export interface ResourceRecord {
  readonly name: Name;
  /** Number of the type, see `recordTypes`. */
  readonly type: number;
  /** Seconds. */
  readonly ttl: number;
  /** In canonical wire form: without compression, domain names in lower case, so that equal data are equal bytes.
   * `parseData` and `formatData` (`records/record-data.ts`) turn it from and into the text of zone files. */
  readonly data: Uint8Array;
}

/** All records of a name and type; they share a TTL (RFC 2181, section 5.2). */
export interface RecordSet {
  readonly type: number;
  /** Seconds. */
  readonly ttl: number;
  /** Not empty, each once. */
  readonly data: readonly Uint8Array[];
}

export interface StartOfAuthority {
  /** Of the SOA record itself, seconds. */
  readonly ttl: number;
  readonly primary: Name;
  /** As a domain name: `hostmaster.example.org`. */
  readonly contact: Name;
  readonly serial: number;
  /** Seconds, as the next three. */
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly negativeTtl: number;
}

/** Who is told of changes, and who may do more than ask. */
export interface ZonePolicy {
  /** Secondaries to notify; port 53 unless they say another. */
  readonly notify: readonly { readonly host: string; readonly port: number }[];
  /** Names of TSIG keys. */
  readonly transferKeys: readonly Name[];
  readonly updateKeys: readonly Name[];
}

export type Node = ReadonlyMap<number, RecordSet>;

/** A zone at one serial number; never changed, but replaced. */
export interface Zone {
  readonly name: Name;
  readonly soa: StartOfAuthority;
  readonly policy: ZonePolicy;
  /** By owner name, then by type; the SOA record is at the apex. An empty non-terminal has an empty node, so that a
   * name exists exactly when it has a node. */
  readonly nodes: ReadonlyMap<Name, Node>;
}

/** What turned one version of a zone into the next; the form of an incremental transfer (RFC 1995). */
export interface ZoneChange {
  readonly fromSerial: number;
  readonly toSerial: number;
  /** First the SOA record before the change. A record with a new TTL is removed and added. */
  readonly removed: readonly ResourceRecord[];
  /** First the SOA record after the change. */
  readonly added: readonly ResourceRecord[];
}

/** Puts a zone together. The SOA record comes from `soa`; SOA records among `records` and records outside the zone
 * are left out, as are repeated ones. Where TTLs of a set differ, the lowest counts. */
export function buildZone(parts: {
  name: Name;
  soa: StartOfAuthority;
  policy: ZonePolicy;
  /** The SOA record of `soa`, by `soaRecord` of `wire/soa.ts`. */
  soaRecord: ResourceRecord;
  records: Iterable<ResourceRecord>;
}): Zone {
  const { name: apex, soa, policy, soaRecord } = parts;
  const nodes = new Map<Name, Map<number, RecordSet>>();
  insert(nodes, apex, soaRecord);
  for (const record of parts.records) {
    if (record.type !== recordTypes.SOA && isWithin(record.name, apex)) insert(nodes, apex, record);
  }
  return { name: apex, soa, policy, nodes };
}

function insert(nodes: Map<Name, Map<number, RecordSet>>, apex: Name, record: ResourceRecord): void {
  const node = nodeAt(nodes, apex, record.name);
  const set = node.get(record.type);
  if (set === undefined) {
    node.set(record.type, { type: record.type, ttl: record.ttl, data: [record.data] });
  } else if (!set.data.some((data) => sameData(data, record.data))) {
    node.set(record.type, {
      type: record.type,
      ttl: Math.min(set.ttl, record.ttl),
      data: [...set.data, record.data],
    });
  }
}

/** The node of a name, made with all nodes between it and the apex. */
function nodeAt(nodes: Map<Name, Map<number, RecordSet>>, apex: Name, name: Name): Map<number, RecordSet> {
  const found = nodes.get(name);
  if (found !== undefined) return found;
  const node = new Map<number, RecordSet>();
  nodes.set(name, node);
  const parent = name === apex ? undefined : parentOf(name);
  if (parent !== undefined) nodeAt(nodes, apex, parent);
  return node;
}

export function sameData(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** Every record of a zone, the SOA record first. */
export function* recordsOf(zone: Zone): Generator<ResourceRecord> {
  const apex = zone.nodes.get(zone.name);
  const soa = apex?.get(recordTypes.SOA);
  if (soa !== undefined) yield* recordsOfSet(zone.name, soa);
  for (const [name, node] of zone.nodes) {
    for (const set of node.values()) if (set !== soa) yield* recordsOfSet(name, set);
  }
}

function recordsOfSet(name: Name, { type, ttl, data }: RecordSet): ResourceRecord[] {
  return data.map((each) => ({ name, type, ttl, data: each }));
}
