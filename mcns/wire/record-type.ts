/** Record types by the names that zone files use. The meta types that only occur in messages are among them. */
export const recordTypes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  SVCB: 64,
  HTTPS: 65,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const;

export type RecordTypeName = keyof typeof recordTypes;

/** The types that a zone may hold, in the order of their names. */
export const zoneTypes = [
  "A",
  "AAAA",
  "CAA",
  "CNAME",
  "HTTPS",
  "MX",
  "NS",
  "PTR",
  "SOA",
  "SRV",
  "SVCB",
  "TXT",
] as const satisfies readonly RecordTypeName[];

export type ZoneTypeName = (typeof zoneTypes)[number];

const namesByNumber: ReadonlyMap<number, RecordTypeName> = new Map(
  Object.entries(recordTypes).map(([name, number]) => [number, name as RecordTypeName]),
);
const zoneTypeNames: ReadonlySet<string> = new Set(zoneTypes);

/** The name of a type, or `TYPE123` (RFC 3597) for one that has none here. */
export function typeNameOf(type: number): string {
  return namesByNumber.get(type) ?? `TYPE${type}`;
}

export function isZoneTypeName(name: string): name is ZoneTypeName {
  return zoneTypeNames.has(name);
}

/** Whether a zone may hold records of the type. */
export function isZoneType(type: number): boolean {
  const name = namesByNumber.get(type);
  return name !== undefined && isZoneTypeName(name);
}
