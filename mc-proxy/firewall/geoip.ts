import { isIP, isIPv4 } from "node:net";
import { canonicalNetwork } from "@metacircular/mcdsl/address/canonical.ts";

/** A line of a GeoIP table: the networks of one entry, and its country in capital letters. */
export interface GeoEntry {
  readonly networks: readonly string[];
  readonly country: string;
}

/** Reads one line of a GeoIP table: `network,country` or, as in DB-IP's and IP2Location's free tables,
 * `first address,last address,country`. Values may stand in double quotes; further columns are skipped. An empty line
 * and one that begins with `#` have no networks; undefined: the line is none of these. */
export function parseGeoLine(line: string): GeoEntry | undefined {
  const text = line.trim();
  if (text === "" || text.startsWith("#")) return { networks: [], country: "" };
  const [first = "", second = "", third = ""] = text
    .split(",", 3)
    .map((value) => value.replaceAll('"', "").trim());
  if (isCountry(second)) {
    const cidr = canonicalNetwork(first);
    return cidr === undefined ? undefined : { networks: [cidr], country: second.toUpperCase() };
  }
  const networks = isCountry(third) ? rangeToCidrs(first, second) : undefined;
  return networks === undefined ? undefined : { networks, country: third.toUpperCase() };
}

/** The fewest networks that cover exactly the addresses from the first to the last; undefined: not a range of
 * addresses of one family. */
export function rangeToCidrs(first: string, last: string): string[] | undefined {
  if (isIP(first) === 0 || isIP(first) !== isIP(last)) return undefined;
  const bits = isIPv4(first) ? 32 : 128;
  const end = toNumber(last);
  const networks: string[] = [];
  let start = toNumber(first);
  if (start > end) return undefined;
  while (start <= end) {
    let size = bits;
    // Grows while it stays aligned and within the range.
    while (
      size > 0 &&
      isAligned(start, bits - size + 1) &&
      start + (1n << BigInt(bits - size + 1)) - 1n <= end
    )
      size -= 1;
    networks.push(`${toAddress(start, bits)}/${size}`);
    start += 1n << BigInt(bits - size);
  }
  return networks;
}

const isCountry = (text: string): boolean => /^[A-Za-z]{2}$/u.test(text);

function isAligned(value: bigint, zeros: number): boolean {
  return (value & ((1n << BigInt(zeros)) - 1n)) === 0n;
}

function toNumber(address: string): bigint {
  if (isIPv4(address)) return address.split(".").reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const read = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const [before, after] = [read(head), read(tail ?? "")];
  const missing = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...missing, ...after].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

function toAddress(value: bigint, bits: number): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - index * 16)) & 65_535n).toString(16),
  );
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
