import { isIPv6 } from "node:net";
import type { DesiredState, EngineRoute, FirewallRule } from "../engine/desired-state.ts";
import type { Limits } from "../engine/limits.ts";

/** Key to value, as HAProxy holds it. */
export type Entries = ReadonlyMap<string, string>;

/** Everything that HAProxy looks up and that changes at run time, by the name of the map. */
export type Maps = ReadonlyMap<string, Entries>;

export const routesMap = "routes";
export const trustedMap = "trusted";
export const countryOfMap = "country-of";
export const countryRulesMap = "countries";
export const networkRulesMap = (action: FirewallRule["action"], port: number): string => `${action}-${port}`;

/** Fields of a route's entry, counted from 1 as HAProxy counts them. The last four, from `counted` on, are what the numbers
 * of the route are kept under; of these the first two are its own key. */
export const field = {
  ...{ kind: 1, option: 2, rate: 3, body: 4, lengthNeeded: 5 },
  ...{ counted: 6, address: 8, port: 9 },
} as const;

/** Begin of the entries of L7 routes that have limits of their own; that of the others is a part of it. */
export const limitedKind = "l7-limited";

/** The maps of a state, whose parts have been judged before.
 * @param routes the entries of its routes */
export function mapsOf(desired: Omit<DesiredState, "routes">, routes: Entries): Maps {
  const ports = firewallPorts(desired);
  const maps = new Map<string, Entries>([
    [routesMap, routes],
    [trustedMap, networks(desired.trustedProxies)],
    [countryOfMap, countryEntries(desired)],
    [countryRulesMap, countryRuleEntries(desired, ports)],
  ]);
  for (const port of ports) {
    for (const action of ["deny", "allow"] as const) {
      const rules = desired.firewall.rules.filter((rule) => rule.action === action && appliesTo(rule, port));
      maps.set(networkRulesMap(action, port), networks(rules.flatMap(({ cidr }) => cidr ?? [])));
    }
  }
  return maps;
}

/** Ports that have rules: all that are listened on. */
export function firewallPorts({ listeners, http }: Pick<DesiredState, "listeners" | "http">): number[] {
  const ports = [...listeners, ...(http?.listen ?? [])].map(({ port }) => port);
  return [...new Set(ports)].toSorted((left, right) => left - right);
}

export function routeKey({ port, hostname }: { port: number; hostname: string }): string {
  return `${port}|${hostname}`;
}

export function routeValue(route: EngineRoute, limits: Pick<Limits, "maxBodyBytes">): string {
  const option = route.mode === "l4" ? (route.sendProxyProtocol ? "proxy" : "raw") : route.backendProtocol;
  const body = route.maxBodyBytes === 0 ? limits.maxBodyBytes : route.maxBodyBytes;
  const lengthNeeded = route.maxBodyBytes > 0 && route.backendProtocol !== "h2c" ? 1 : 0;
  const limited = route.mode === "l7" && (route.rateLimit > 0 || lengthNeeded === 1);
  const kind = route.maintenance ? "maintenance" : limited ? limitedKind : route.mode;
  const limit = route.mode === "l7" ? body : 0;
  const counted = `${routeKey(route)}|${backendKey(route.backend)}`;
  return [kind, option, route.rateLimit, limit, lengthNeeded, counted].join("|");
}

/** The backend in an entry's spelling, as the numbers of routes are kept by it. */
export function backendKey({ host, port }: { host: string; port: number }): string {
  return `${host}|${port}`;
}

function networks(cidrs: readonly string[]): Entries {
  return new Map(cidrs.map((cidr) => [canonicalNetwork(cidr), "1"]));
}

/** In lower case and without a prefix that says nothing. */
function canonicalNetwork(cidr: string): string {
  const [address = "", bits] = cidr.toLowerCase().split("/");
  return bits === undefined || bits === (isIPv6(address) ? "128" : "32")
    ? address
    : `${address}/${Number(bits)}`;
}

/** Only countries that a rule names: all of a GeoIP table would cost 160 MB. */
function countryEntries({ firewall }: Pick<DesiredState, "firewall">): Entries {
  const named = new Set(firewall.rules.flatMap(({ country }) => country ?? []));
  return new Map(
    [...named].flatMap((country) =>
      (firewall.countryNetworks[country] ?? []).map((cidr): [string, string] => [
        canonicalNetwork(cidr),
        country,
      ]),
    ),
  );
}

function countryRuleEntries({ firewall }: Pick<DesiredState, "firewall">, ports: readonly number[]): Entries {
  const entries = new Map<string, string>();
  // What allows comes last, since it overrules.
  for (const action of ["deny", "allow"] as const) {
    for (const rule of firewall.rules.filter((candidate) => candidate.action === action)) {
      if (rule.country === undefined) continue;
      for (const port of ports.filter((candidate) => appliesTo(rule, candidate)))
        entries.set(`${port}|${rule.country}`, action);
    }
  }
  return entries;
}

function appliesTo(rule: FirewallRule, port: number): boolean {
  return rule.port === 0 || rule.port === port;
}

/** A map as a file. */
export function mapText(entries: Entries): string {
  return [...entries].map(([key, value]) => `${key} ${value}\n`).join("");
}
