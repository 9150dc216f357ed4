import { isIP } from "node:net";

/** The 4 or 16 octets of an IP address. */
export function ipOctets(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  // The URL parser knows every form, also those that end like an IPv4 address.
  const usual = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = usual.split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

/** The address of 4 or 16 octets in its usual form. */
export function ipText(octets: Uint8Array): string {
  if (octets.length === 4) return [...octets].join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((octets[index * 2] ?? 0) << 8) | (octets[index * 2 + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
