import { type Name, parentOf } from "../wire/name.ts";
import { soaRecord } from "../wire/soa.ts";
import type { Node, RecordSet, StartOfAuthority, ZonePolicy } from "../zone/zone.ts";
import { parseHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import type { NewRecord } from "./record-table.ts";
import type { StoredZone, ZoneSettings } from "./zone-table.ts";

const dnsPort = 53;

/** The fields of the zone's SOA record. Its own TTL never cuts the life of negative answers short. */
export function startOfAuthority(zone: StoredZone): StartOfAuthority {
  const { primary, contact, serial, refresh, retry, expire, negativeTtl, defaultTtl } = zone;
  const ttl = Math.max(negativeTtl, defaultTtl);
  return { ttl, primary, contact, serial, refresh, retry, expire, negativeTtl };
}

export function policyOf({ notify, transferKeys, updateKeys }: ZoneSettings): ZonePolicy {
  return { notify: notify.flatMap((text) => notifyAddress(text) ?? []), transferKeys, updateKeys };
}

/** `address` or `address:port`, an IPv6 address with a port in brackets; undefined when it is neither. */
export function notifyAddress(text: string): { host: string; port: number } | undefined {
  const withPort = parseHostAndPort(text);
  if (withPort !== undefined) return withPort.host === "" ? undefined : withPort;
  const host = /^\[?([0-9A-Fa-f:.]+|[\w.-]+)\]?$/u.exec(text)?.[1];
  return host === undefined ? undefined : { host, port: dnsPort };
}

/** The node that a name's records make, in their order. */
export function nodeOf(zone: StoredZone, name: Name, records: Iterable<NewRecord>): Map<number, RecordSet> {
  const node = new Map<number, RecordSet>();
  if (name === zone.name) addTo(node, soaRecord(zone.name, startOfAuthority(zone)));
  for (const record of records) addTo(node, { ...record, ttl: record.ttl ?? zone.defaultTtl });
  return node;
}

function addTo(
  node: Map<number, RecordSet>,
  { type, ttl, data }: { type: number; ttl: number; data: Uint8Array },
): void {
  const set = node.get(type);
  node.set(type, { type, ttl: set?.ttl ?? ttl, data: set === undefined ? [data] : [...set.data, data] });
}

/** All nodes of a zone, from its records in the order of their names. */
export function nodesOf(zone: StoredZone, records: Iterable<NewRecord>): Map<Name, Node> {
  const byName = new Map<Name, NewRecord[]>([[zone.name, []]]);
  for (const record of records) {
    const known = byName.get(record.name);
    if (known === undefined) byName.set(record.name, [record]);
    else known.push(record);
  }
  const nodes = new Map<Name, Node>();
  for (const [name, own] of byName) {
    nodes.set(name, nodeOf(zone, name, own));
    let above = name === zone.name ? undefined : parentOf(name);
    while (above !== undefined && !byName.has(above) && !nodes.has(above)) {
      nodes.set(above, new Map());
      above = parentOf(above);
    }
  }
  return nodes;
}
