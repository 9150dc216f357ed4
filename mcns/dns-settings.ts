import { clientTlsOptions } from "@metacircular/mcdsl/tls/options.ts";
import type { Config } from "./config.ts";
import { type Network, parseNetwork } from "./forward/networks.ts";
import type { DnsSettings, UpstreamSettings } from "./listen/dns-server.ts";
import { parseUpstream } from "./upstream-address.ts";

const second = 1_000;

/** What the configuration says about DNS, as the part that answers it takes it.
 * @param certificate of the server, for DNS over TLS
 * @throws DetailedError TLS_FILE_UNREADABLE, TLS_CERTIFICATE_INVALID */
export function dnsSettings(
  { dns, forward }: Pick<Config, "dns" | "forward">,
  certificate: { readonly cert: string; readonly key: string },
): DnsSettings {
  return {
    listen: dns.listen,
    tls: dns.tls_listen.length === 0 ? undefined : { listen: dns.tls_listen, ...certificate },
    streams: {
      connections: dns.tcp_connections,
      connectionsPerClient: dns.tcp_connections_per_address,
      idleMs: dns.tcp_idle_timeout,
    },
    rateLimit: {
      responsesPerSecond: dns.responses_per_second,
      slip: dns.slip,
      exempt: networks(dns.unlimited),
    },
    forwarding: forward.upstreams.length === 0 ? undefined : forwarding(forward),
    answerCache: { entries: dns.cache_entries, bytes: dns.cache_bytes },
    logQueries: dns.log_queries,
  };
}

function forwarding(forward: Config["forward"]): NonNullable<DnsSettings["forwarding"]> {
  const { ca } = clientTlsOptions({ caFile: forward.ca_cert === "" ? undefined : forward.ca_cert });
  return {
    upstreams: forward.upstreams.flatMap((text) => upstreamSettings(text, ca)),
    clients: networks(forward.allow),
    timeoutMs: forward.timeout,
    inFlight: forward.in_flight,
    cache: {
      entries: forward.cache_entries,
      bytes: forward.cache_bytes,
      longestSeconds: Math.floor(forward.longest / second),
      longestNegativeSeconds: Math.floor(forward.longest_negative / second),
      staleSeconds: Math.floor(forward.stale / second),
    },
  };
}

/** None for a text that the configuration would have refused. */
function upstreamSettings(text: string, ca: readonly string[]): UpstreamSettings[] {
  const upstream = parseUpstream(text);
  if (upstream === undefined) return [];
  const { address, tlsName } = upstream;
  return [tlsName === undefined ? { address } : { address, tls: { serverName: tlsName, ca } }];
}

function networks(texts: readonly string[]): Network[] {
  return texts.flatMap((text) => parseNetwork(text) ?? []);
}
