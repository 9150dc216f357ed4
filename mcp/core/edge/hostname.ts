import type { RouteSpec } from "../spec.ts";

/** Host name of a route: its own, or `<service>.<zone>`. */
export function routeHostname(
  service: string,
  { hostname }: Pick<RouteSpec, "hostname">,
  zone: string,
): string {
  return hostname === "" ? `${service}.${zone}` : hostname;
}

/** The name of a record, relative to its zone; undefined where the host name is not below the zone. */
export function recordName(hostname: string, zone: string): string | undefined {
  const suffix = `.${zone}`;
  return hostname.endsWith(suffix) && hostname.length > suffix.length
    ? hostname.slice(0, -suffix.length)
    : undefined;
}

/** `A`, or `AAAA` for an IPv6 address. */
export function addressType(address: string): "A" | "AAAA" {
  return address.includes(":") ? "AAAA" : "A";
}
