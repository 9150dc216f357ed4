import { canonicalNetwork } from "@metacircular/mcdsl/address/canonical.ts";

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
  const cidr = canonicalNetwork(source.cidr);
  return cidr === undefined
    ? {
        problem: `cidr must be an address or a network such as "203.0.113.0/24", not ${JSON.stringify(source.cidr)}`,
      }
    : { cidr };
}
