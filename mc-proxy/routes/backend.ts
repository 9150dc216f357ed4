import { BlockList, isIP, isIPv4 } from "node:net";
import { canonicalAddress } from "@metacircular/mcdsl/address/canonical.ts";
import {
  formatHostAndPort,
  type HostAndPort,
  parseHostAndPort,
} from "@metacircular/mcdsl/config/host-and-port.ts";

export type ParsedBackend = { readonly backend: HostAndPort } | { readonly problem: string };

/** Reads `address:port`, with an IPv4 address or an IPv6 address in brackets, into its canonical form. Loopback and
 * private addresses are what it is for; the unspecified address and groups are refused. */
export function parseBackend(text: string): ParsedBackend {
  const parsed = parseHostAndPort(text);
  if (parsed === undefined || isIP(parsed.host) === 0 || parsed.host.includes("%"))
    return { problem: 'must be an address with a port, such as "127.0.0.1:8080" or "[::1]:8080"' };
  if (parsed.port === 0) return { problem: "must have a port from 1 to 65535" };
  const host = canonicalAddress(parsed.host);
  return unusable.check(host, isIPv4(host) ? "ipv4" : "ipv6")
    ? { problem: `must be the address of one machine, not ${host}` }
    : { backend: { host, port: parsed.port } };
}

export const formatBackend = formatHostAndPort;

/** Where this proxy itself listens. */
export interface OwnListeners {
  /** `0.0.0.0` and `::` are all addresses of this machine. */
  readonly sockets: readonly HostAndPort[];
  /** Addresses of this machine besides the loopback, canonical. */
  readonly addresses: readonly string[];
}

/** Whether connections to the backend would arrive at the proxy again. */
export function isOwnListener(backend: HostAndPort, own: OwnListeners): boolean {
  const isLocal =
    loopback.check(backend.host, isIPv4(backend.host) ? "ipv4" : "ipv6") ||
    own.addresses.includes(backend.host);
  return own.sockets.some(
    ({ host, port }) =>
      port === backend.port &&
      (canonicalAddress(host) === backend.host || (isLocal && /^(0\.0\.0\.0|::)$/u.test(host))),
  );
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

const unusable = new BlockList();
unusable.addSubnet("0.0.0.0", 8, "ipv4");
unusable.addSubnet("224.0.0.0", 3, "ipv4");
unusable.addAddress("::", "ipv6");
unusable.addSubnet("ff00::", 8, "ipv6");
// Without a zone nobody can connect to these.
unusable.addSubnet("fe80::", 10, "ipv6");
