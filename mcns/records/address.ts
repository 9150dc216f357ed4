import { isIPv4, isIPv6 } from "node:net";
import { RecordProblem } from "./record-problem.ts";

/** @throws RecordProblem */
export function ipv4Bytes(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split("."), Number);
  const hint = isIPv6(text) ? "an IPv6 address is an AAAA record" : 'such as "192.0.2.7"';
  throw new RecordProblem(`${JSON.stringify(text)} is no IPv4 address`, { hint });
}

/** @throws RecordProblem */
export function ipv6Bytes(text: string): Uint8Array {
  if (!isIPv6(text) || text.includes("%")) {
    const hint = isIPv4(text) ? "an IPv4 address is an A record" : 'such as "2001:db8::7"';
    throw new RecordProblem(`${JSON.stringify(text)} is no IPv6 address`, { hint });
  }
  const [head = "", tail] = text.split("::");
  const front = groupsOf(head);
  const back = tail === undefined ? [] : groupsOf(tail);
  const gap = Array.from({ length: 8 - front.length - back.length }, () => 0);
  return Uint8Array.from([...front, ...gap, ...back].flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((part) => {
    if (!part.includes(".")) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

export function ipv4Text(bytes: Uint8Array): string {
  return bytes.join(".");
}

/** In the form of RFC 5952: lower case, the longest run of zeros as "::". */
export function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from(
    { length: 8 },
    (_, index) => (bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0),
  );
  const run = longestZeros(groups);
  const text = (from: number, to?: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return run.length < 2 ? text(0) : `${text(0, run.at)}::${text(run.at + run.length)}`;
}

function longestZeros(groups: readonly number[]): { at: number; length: number } {
  let best = { at: 0, length: 0 };
  for (let at = 0; at < groups.length; at += 1) {
    let end = at;
    while (end < groups.length && groups[end] === 0) end += 1;
    if (end - at > best.length) best = { at, length: end - at };
  }
  return best;
}
