import { absoluteText, relativeText } from "../records/name.ts";
import { formatData } from "../records/record-data.ts";
import { labelsOf, type Name } from "../wire/name.ts";
import { isZoneTypeName, typeNameOf } from "../wire/record-type.ts";
import type { FileAuthority, FileRecord } from "./zone-file.ts";

/** A zone as a zone file that every name server reads (RFC 1035 section 5). Names are in the order of RFC 4034 section
 * 6.1, those of the zone itself first. */
export function writeZoneFile(parts: {
  zone: Name;
  authority: FileAuthority;
  /** Of the SOA record, seconds. */
  authorityTtl: number;
  defaultTtl: number;
  records: readonly FileRecord[];
}): string {
  const { zone, authority, authorityTtl, defaultTtl } = parts;
  const { primary, contact, serial, refresh, retry, expire, negativeTtl } = authority;
  const sorted = parts.records
    .map((record) => ({ record, key: sortKey(record.name) }))
    .toSorted(
      (a, b) => compare(a.key, b.key) || a.record.type - b.record.type || bytewise(a.record, b.record),
    )
    .map(({ record }) => record);
  const lines = sorted.map(({ name, type, ttl, data }) =>
    [relativeText(name, zone), ttl ?? "", "IN", typeNameOf(type), textOf(type, data)].join("\t"),
  );
  const soaTtl = authorityTtl === defaultTtl ? "" : authorityTtl;
  return [
    `$ORIGIN ${absoluteText(zone)}`,
    `$TTL ${defaultTtl}`,
    `@\t${soaTtl}\tIN\tSOA\t${absoluteText(primary)} ${absoluteText(contact)} (`,
    `\t\t\t\t${serial}\t; serial`,
    `\t\t\t\t${refresh}\t; refresh`,
    `\t\t\t\t${retry}\t; retry`,
    `\t\t\t\t${expire}\t; expire`,
    `\t\t\t\t${negativeTtl} )\t; negative answers`,
    ...lines,
    "",
  ].join("\n");
}

function textOf(type: number, data: Uint8Array): string {
  const name = typeNameOf(type);
  if (!isZoneTypeName(name)) throw new RangeError(`a zone holds no records of type ${name}`);
  return formatData(name, data);
}

/** Labels from the last to the first. */
function sortKey(name: Name): string[] {
  return labelsOf(name).toReversed();
}

function compare(left: readonly string[], right: readonly string[]): number {
  for (const [index, label] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (label !== other) return label < other ? -1 : 1;
  }
  return left.length - right.length;
}

function bytewise(left: FileRecord, right: FileRecord): number {
  return Buffer.compare(left.data, right.data);
}
