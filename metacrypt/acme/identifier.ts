import { isIP, isIPv4 } from "node:net";
import { dnsNameLengthMaximum, isDnsName } from "../ca/subject-name.ts";
import { AcmeProblem, compound, type ProblemSubject } from "./problem.ts";

/** What a certificate is to vouch for: a DNS name (RFC 8555, section 9.7.7), in an order perhaps a wildcard, or an
 * IP address (RFC 8738) in its canonical text. */
export interface Identifier {
  readonly type: "dns" | "ip";
  readonly value: string;
}

/** Reads the identifiers of an order: lower case, each once, in the order of the client.
 * @throws AcmeProblem malformed, unsupportedIdentifier, rejectedIdentifier; with subproblems where several are wrong */
export function readIdentifiers(value: unknown, maximum: number): Identifier[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new AcmeProblem("malformed", "the order has no identifiers");
  }
  if (value.length > maximum) {
    throw new AcmeProblem("rejectedIdentifier", `an order takes at most ${maximum} identifiers`);
  }
  const read: Identifier[] = [];
  const wrong: { identifier: ProblemSubject; problem: AcmeProblem }[] = [];
  for (const entry of value as unknown[]) {
    const raw = rawIdentifier(entry);
    const result = canonical(raw.type, raw.value);
    if (result instanceof AcmeProblem) wrong.push({ identifier: raw, problem: result });
    else read.push(result);
  }
  if (wrong.length > 0) {
    throw compound(wrong[0]?.problem.type ?? "malformed", "some of the identifiers cannot be used", wrong);
  }
  return [...new Map(read.map((identifier) => [identifierKey(identifier), identifier])).values()];
}

function rawIdentifier(entry: unknown): { type: string; value: string } {
  if (typeof entry === "object" && entry !== null && "type" in entry && "value" in entry) {
    const { type, value } = entry;
    if (typeof type === "string" && typeof value === "string") return { type, value };
  }
  throw new AcmeProblem("malformed", "an identifier is an object with the strings type and value");
}

function canonical(type: string, value: string): Identifier | AcmeProblem {
  if (type === "ip") return canonicalAddress(value);
  if (type === "dns") return canonicalName(value);
  return new AcmeProblem(
    "unsupportedIdentifier",
    `identifiers of type ${JSON.stringify(type)} are not issued`,
  );
}

function canonicalName(value: string): Identifier | AcmeProblem {
  const name = value.toLowerCase();
  const host = name.startsWith("*.") ? name.slice(2) : name;
  const valid = name.length <= dnsNameLengthMaximum && isDnsName(host);
  if (valid && (host === name || host.includes("."))) return { type: "dns", value: name };
  return new AcmeProblem("rejectedIdentifier", `${JSON.stringify(value)} is not a DNS name`);
}

function canonicalAddress(value: string): Identifier | AcmeProblem {
  const address = canonicalIp(value);
  // RFC 8738, section 3: IPv6 addresses are sent as RFC 5952 writes them.
  if (address !== undefined && address === value) return { type: "ip", value };
  const expected = address === undefined ? "is not an IP address" : `is to be written ${address}`;
  return new AcmeProblem("malformed", `${JSON.stringify(value)} ${expected}`);
}

/** The canonical text of an IP address (RFC 5952); undefined where it is none. */
export function canonicalIp(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (isIP(text) === 0 || text.includes("%")) return undefined;
  return URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1);
}

/** The identifier that a name in a certificate stands for. */
export function identifierOf(name: string): Identifier {
  const address = canonicalIp(name);
  return address === undefined ? { type: "dns", value: name.toLowerCase() } : { type: "ip", value: address };
}

/** One text for each identifier. */
export function identifierKey({ type, value }: Identifier): string {
  return `${type}:${value}`;
}

export function isWildcard({ type, value }: Identifier): boolean {
  return type === "dns" && value.startsWith("*.");
}

/** What an authorisation is about: without the wildcard's prefix (RFC 8555, section 7.1.4). */
export function authorizedIdentifier(identifier: Identifier): Identifier {
  return isWildcard(identifier) ? { type: "dns", value: identifier.value.slice(2) } : identifier;
}

/** Whether both lists name the same, in whatever order. */
export function sameIdentifiers(a: readonly Identifier[], b: readonly Identifier[]): boolean {
  const keys = new Set(a.map(identifierKey));
  const others = new Set(b.map(identifierKey));
  return keys.size === others.size && [...keys].every((key) => others.has(key));
}

/** The server name by which a client asks for the certificate of an identifier in tls-alpn-01: the name, or the
 * reverse name of an address (RFC 8738, section 6). */
export function serverNameOf({ type, value }: Identifier): string {
  if (type === "dns") return value;
  if (isIPv4(value)) return `${value.split(".").toReversed().join(".")}.in-addr.arpa`;
  return `${expandIpv6(value).split("").toReversed().join(".")}.ip6.arpa`;
}

/** All 32 digits of an IPv6 address. */
function expandIpv6(address: string): string {
  const [head = "", tail] = address.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].map((group) => group.padStart(4, "0")).join("");
}
