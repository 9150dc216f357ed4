import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import type { Limits } from "./limits.ts";

/** Everything that a data plane should do. */
export interface DesiredState {
  /** Public TLS ports. A port may be listened on at several addresses. */
  readonly listeners: readonly Listener[];
  /** Plain HTTP, usually port 80; unset: none. */
  readonly http?: PlainHttp;
  readonly routes: readonly EngineRoute[];
  readonly certificates: readonly EngineCertificate[];
  readonly firewall: Firewall;
  readonly limits: Limits;
  /** Networks and addresses that begin each of their connections with a PROXY protocol header. */
  readonly trustedProxies: readonly string[];
  /** Where handshakes for `acme-tls/1` (RFC 8737) go that are for no L4 route; unset: nowhere. */
  readonly tlsAlpnBackend?: HostAndPort;
  /** Authorities (PEM file) that backends with protocol `tls` are verified against; unset: there are no such routes. */
  readonly backendCaFile?: string;
  /** HTML of the maintenance page; unset: a plain one. At most 8 KiB. */
  readonly maintenancePage?: string;
  /** Where the data plane's own numbers are served for Prometheus at `/metrics`; unset: nowhere. Use a loopback address. */
  readonly metrics?: HostAndPort;
}

/** A public TLS port at one address. */
export interface Listener {
  /** 1 to 65535 */
  readonly port: number;
  /** IPv4 or IPv6 address; `0.0.0.0` and `::` are all. */
  readonly address: string;
}

export interface PlainHttp {
  readonly listen: readonly HostAndPort[];
  /** The listener that requests for its routes are redirected to, by 308. */
  readonly redirectPort: number;
  /** What answers `/.well-known/acme-challenge/` (RFC 8555, section 8.3); unset: 404. */
  readonly acmeBackend?: HostAndPort;
}

export interface RouteKey {
  readonly port: number;
  /** Lower case; `*.example.org` stands for all names with exactly one more label that have no route of their own. */
  readonly hostname: string;
}

export interface EngineRoute extends RouteKey {
  /** `l4`: TLS is passed through. `l7`: TLS is terminated. */
  readonly mode: "l4" | "l7";
  /** An IP address and a port. */
  readonly backend: HostAndPort;
  /** What L7 speaks to the backend: HTTP/1.1, HTTP/2 without TLS, or either over TLS. */
  readonly backendProtocol: "http1" | "h2c" | "tls";
  /** PROXY protocol, version 2, to the backend. L4 only. */
  readonly sendProxyProtocol: boolean;
  /** Answer with the maintenance page. An L4 route needs a certificate for it; without, its handshakes are refused. */
  readonly maintenance: boolean;
  /** Largest request body, bytes. L7 only; 0: that of the limits. */
  readonly maxBodyBytes: number;
  /** Requests (L7) or connections (L4) per second from one client address; 0: no limit. */
  readonly rateLimit: number;
}

export interface EngineCertificate {
  /** Unique; letters, digits, `.`, `_`, `-` and `*`, at most 200. */
  readonly name: string;
  /** Private key and full chain. */
  readonly pem: string;
  /** Names it is used for. */
  readonly hostnames: readonly string[];
}

export interface Firewall {
  readonly rules: readonly FirewallRule[];
  /** Networks of the countries that rules name, by their two letters in upper case. */
  readonly countryNetworks: Readonly<Record<string, readonly string[]>>;
}

/** A client that a `deny` matches is refused unless an `allow` matches too. Exactly one of `cidr` and `country` is set. */
export interface FirewallRule {
  readonly action: "deny" | "allow";
  /** `203.0.113.0/24`, or one address. */
  readonly cidr?: string;
  /** Two letters in upper case. */
  readonly country?: string;
  /** 0: all ports, that of plain HTTP included. */
  readonly port: number;
}
