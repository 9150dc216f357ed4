import { isIP } from "node:net";
import { type HostAndPort, parseHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";

/** A server that questions are passed on to, as the configuration names it. */
export interface Upstream {
  readonly address: HostAndPort;
  /** Name in its certificate, for DNS over TLS; undefined: plain DNS. */
  readonly tlsName: string | undefined;
}

const dnsPort = 53;
const dnsOverTlsPort = 853;

/** Reads `address`, `address:port` or `tls://address[:port]#name`; undefined when it is none of these. Addresses are
 * IP addresses: who resolves names can't need to resolve one first. */
export function parseUpstream(text: string): Upstream | undefined {
  const [, scheme, where = "", name] = /^(tls:\/\/)?([^#\s]+)(?:#([\w.-]+))?$/u.exec(text) ?? [];
  const isTls = scheme !== undefined;
  if (isTls !== (name !== undefined)) return undefined;
  const bare = where.replace(/^\[(.*)\]$/u, "$1");
  const address =
    isIP(bare) > 0 ? { host: bare, port: isTls ? dnsOverTlsPort : dnsPort } : parseHostAndPort(where);
  if (address === undefined || isIP(address.host) === 0) return undefined;
  return { address, tlsName: name };
}
