import { isIP, isIPv4, SocketAddress } from "node:net";
import { canonicalAddress } from "./backend.ts";

export type FirewallAction = "deny" | "allow";

export type FirewallSource =
  /** Canonical, always with a prefix length, e.g. `203.0.113.0/24`. */
  | { readonly cidr: string }
  /** Two capital letters. */
  | { readonly country: string };

/** Who may connect, or may not. */
export interface FirewallRule {
  readonly id: string;
  readonly action: FirewallAction;
  readonly source: FirewallSource;
  /** Public port; 0: all. */
  readonly port: number;
  readonly comment: string;
}

/** A rule as it was asked for. */
export interface FirewallRuleRequest {
  readonly id: string;
  /** Undefined: not said. */
  readonly action: FirewallAction | undefined;
  /** Undefined: neither was said. */
  readonly source: { readonly cidr: string } | { readonly country: string } | undefined;
  readonly port: number;
  readonly comment: string;
}

export type ParsedFirewallRule = { readonly rule: FirewallRule } | { readonly problems: readonly string[] };

const maxCommentCharacters = 200;

/** Checks what was asked for, and brings it into its canonical form. Tells all problems at once.
 * @param newId for a rule that came without one */
export function parseFirewallRule(request: FirewallRuleRequest, newId: () => string): ParsedFirewallRule {
  const { action, port, comment } = request;
  const source = parseSource(request.source);
  const problems = [
    ...(request.id === "" || isFirewallRuleId(request.id)
      ? []
      : ["id must be 1 to 64 of a-z, A-Z, 0-9, '.', '_', '-'"]),
    ...(action === undefined ? ["action must be deny or allow"] : []),
    ...("problem" in source ? [source.problem] : []),
    ...(Number.isInteger(port) && port >= 0 && port <= 65_535
      ? []
      : [`port must be from 0 to 65535, not ${port}`]),
    ...(comment.length > maxCommentCharacters || /\p{Cc}/u.test(comment)
      ? [`comment must have at most ${maxCommentCharacters} characters, and no control characters`]
      : []),
  ];
  if (problems.length > 0 || action === undefined || "problem" in source) return { problems };
  return { rule: { id: request.id === "" ? newId() : request.id, action, source, port, comment } };
}

export function isFirewallRuleId(id: string): boolean {
  return /^[\w.-]{1,64}$/u.test(id);
}

function parseSource(source: FirewallRuleRequest["source"]): FirewallSource | { readonly problem: string } {
  if (source === undefined) return { problem: "source must be a cidr or a country" };
  if ("country" in source) {
    const country = source.country.toUpperCase();
    return /^[A-Z]{2}$/u.test(country) ? { country } : { problem: 'country must be two letters, e.g. "CH"' };
  }
  const cidr = canonicalCidr(source.cidr);
  return cidr === undefined
    ? {
        problem: `cidr must be an address or a network such as "203.0.113.0/24", not ${JSON.stringify(source.cidr)}`,
      }
    : { cidr };
}

/** With the bits beyond the prefix cleared; undefined when it is neither an address nor a network. */
export function canonicalCidr(text: string): string | undefined {
  const [address = "", length, ...rest] = text.split("/");
  if (rest.length > 0 || isIP(address) === 0 || address.includes("%")) return undefined;
  const host = canonicalAddress(address);
  if (isIPv4(host) !== isIPv4(address) && length !== undefined) return undefined;
  const bits = isIPv4(host) ? 32 : 128;
  if (length !== undefined && !/^\d{1,3}$/u.test(length)) return undefined;
  const prefix = length === undefined ? bits : Number(length);
  return prefix > bits ? undefined : `${network(host, prefix)}/${prefix}`;
}

function network(host: string, prefix: number): string {
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
