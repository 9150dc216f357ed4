import { isIP, isIPv4, SocketAddress } from "node:net";

/** One spelling for each address; an IPv4 address in IPv6 form becomes that IPv4 address. */
export function canonicalAddress(address: string): string {
  if (isIPv4(address)) return address;
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/u.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [mapped[1], mapped[2]].map((group) => Number.parseInt(group ?? "", 16));
  return [high, low].flatMap((group = 0) => [group >> 8, group & 255]).join(".");
}

/** With the bits beyond the prefix cleared; undefined when it is neither an address nor a network. */
export function canonicalNetwork(text: string): string | undefined {
  const [address = "", length, ...rest] = text.split("/");
  if (rest.length > 0 || isIP(address) === 0 || address.includes("%")) return undefined;
  const host = canonicalAddress(address);
  if (isIPv4(host) !== isIPv4(address) && length !== undefined) return undefined;
  const bits = isIPv4(host) ? 32 : 128;
  if (length !== undefined && !/^\d{1,3}$/u.test(length)) return undefined;
  const prefix = length === undefined ? bits : Number(length);
  return prefix > bits ? undefined : `${masked(host, prefix)}/${prefix}`;
}

function masked(host: string, prefix: number): string {
  if (isIPv4(host)) {
    const bytes = host.split(".").map((byte, index) => Number(byte) & mask(prefix - index * 8, 8));
    return bytes.join(".");
  }
  const groups = expand(host).map((group, index) => group & mask(prefix - index * 16, 16));
  const { address } = new SocketAddress({
    address: groups.map((group) => group.toString(16)).join(":"),
    family: "ipv6",
  });
  return canonicalAddress(address);
}

/** The first `kept` of `size` bits set. */
function mask(kept: number, size: number): number {
  const clear = Math.min(size, Math.max(0, size - kept));
  return (2 ** size - 1) ^ (2 ** clear - 1);
}

/** The eight groups of a canonical IPv6 address. */
function expand(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const read = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const [first, last] = [read(head), read(tail ?? "")];
  const missing = tail === undefined ? 0 : 8 - first.length - last.length;
  return [...first, ...Array.from({ length: missing }, () => 0), ...last];
}
