const names = 10_000;
const missingEach = 10;

/** Name of the zone that all servers serve. */
export const benchZone = "bench.example";

/** A zone file with as many hosts as a small company has. */
export function benchZoneFile(): string {
  const hosts = Array.from({ length: names }, (_, host) => `host-${host} A 10.0.${host >> 8}.${host & 255}`);
  return [
    `$ORIGIN ${benchZone}.`,
    "$TTL 300",
    "@ SOA ns1 hostmaster 2024010101 3600 600 1209600 60",
    "@ NS ns1",
    "ns1 A 127.0.0.1",
    ...hosts,
    "",
  ].join("\n");
}

/** Questions in the form of dnsperf: one of ten is for a name that does not exist. */
export function benchQuestions(): string {
  const lines = Array.from({ length: names }, (_, index) => {
    // A step that shares no divisor with their number visits all, in no order.
    const host = (index * 7_919) % names;
    return index % missingEach === 0 ? `missing-${host}.${benchZone} A` : `host-${host}.${benchZone} A`;
  });
  return `${lines.join("\n")}\n`;
}
