import { randomBytes } from "node:crypto";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { HostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { MetricFamily } from "@metacircular/mcdsl/metrics/exposition.ts";
import { EncodedCache } from "../answer/encoded-cache.ts";
import { Forwarder, type ForwarderSettings } from "../forward/forwarder.ts";
import { type Network, Networks } from "../forward/networks.ts";
import { StreamUpstream, type UpstreamTls } from "../forward/stream-upstream.ts";
import { createUdpUpstream } from "../forward/udp-upstream.ts";
import type { Upstream } from "../forward/upstream.ts";
import { Notifier } from "../transfer/notifier.ts";
import type { TsigKeys } from "../transfer/tsig-key.ts";
import type { ZoneSource } from "../zone/store-view.ts";
import type { HandlePacket } from "./client.ts";
import { createPacketHandler } from "./packet-handler.ts";
import { createQueryLog } from "./query-log.ts";
import { QueryMetrics } from "./query-metrics.ts";
import { RateLimit } from "./rate-limit.ts";
import { startStreamListener, type StreamLimits, type StreamListener } from "./stream-listener.ts";
import { startUdpListener } from "./udp-listener.ts";

/** An upstream server: by UDP and TCP, or with `tls` by DNS over TLS. */
export interface UpstreamSettings {
  readonly address: HostAndPort;
  readonly tls?: UpstreamTls | undefined;
}

/** How DNS is served. */
export interface DnsSettings {
  /** Each by UDP and TCP. Port 0 is chosen once, the same for both. */
  readonly listen: readonly HostAndPort[];
  /** DNS over TLS; undefined: none. */
  readonly tls?:
    | { readonly listen: readonly HostAndPort[]; readonly cert: string; readonly key: string }
    | undefined;
  readonly streams: StreamLimits;
  readonly rateLimit: {
    readonly responsesPerSecond: number;
    readonly slip: number;
    readonly exempt: readonly Network[];
  };
  /** Undefined: questions outside of the own zones are refused. */
  readonly forwarding?:
    | (ForwarderSettings & {
        readonly upstreams: readonly UpstreamSettings[];
        /** Who may ask for other names. */
        readonly clients: readonly Network[];
      })
    | undefined;
  /** Encoded answers that are kept. */
  readonly answerCache: { readonly entries: number; readonly bytes: number };
  readonly logQueries: boolean;
}

export interface DnsServer extends AsyncDisposable {
  /** Where it listens by UDP and TCP, in the order of the settings. */
  readonly addresses: readonly HostAndPort[];
  readonly tlsAddresses: readonly HostAndPort[];
  /** For the metrics endpoint. */
  families(): MetricFamily[];
  /** Takes a renewed certificate for DNS over TLS. */
  useCertificate(tls: { readonly cert: string; readonly key: string }): void;
}

/** Serves the zones, forwards what it is allowed to, and notifies secondaries, until disposed.
 * @throws DetailedError LISTEN_FAILED; then nothing is left open */
export async function startDnsServer(parts: {
  settings: DnsSettings;
  source: ZoneSource;
  keys: TsigKeys;
  clock: Clock;
  logger: Logger;
}): Promise<DnsServer> {
  const { settings, source, keys, clock, logger } = parts;
  await using resources = new AsyncDisposableStack();
  const metrics = new QueryMetrics();
  const cache = new EncodedCache(settings.answerCache);
  resources.use(source.onChange(() => cache.clear()));
  const forwarder = settings.forwarding && resources.use(createForwarder(settings.forwarding, clock, logger));
  const handle = createPacketHandler({
    source,
    keys,
    cache,
    metrics,
    clock,
    logger,
    forwarding: forwarder && {
      forward: forwarder.forward,
      clients: new Networks(settings.forwarding.clients),
    },
    queryLog: settings.logQueries ? createQueryLog(logger) : undefined,
  });
  const listeners = await openAll(settings, { handle, metrics, logger }, resources);
  resources.use(new Notifier({ source, clock, logger }));
  const owned = resources.move();
  return {
    ...listeners,
    families: () => [...metrics.families(), ...(forwarder?.families() ?? [])],
    useCertificate(tls) {
      for (const listener of listeners.secure) listener.useCertificate(tls);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function createForwarder(
  settings: NonNullable<DnsSettings["forwarding"]>,
  clock: Clock,
  logger: Logger,
): Forwarder {
  const random = (count: number): Uint8Array => randomBytes(count);
  const upstreams = settings.upstreams.map(({ address, tls }): Upstream => {
    const stream = new StreamUpstream({ address, tls, random });
    return tls === undefined ? createUdpUpstream({ address, stream, random }) : stream;
  });
  return new Forwarder({ upstreams, settings, clock, logger });
}

/** Opens every listener; what was opened goes with `resources`. */
async function openAll(
  settings: DnsSettings,
  shared: { handle: HandlePacket; metrics: QueryMetrics; logger: Logger },
  resources: AsyncDisposableStack,
): Promise<{ addresses: HostAndPort[]; tlsAddresses: HostAndPort[]; secure: StreamListener[] }> {
  const { rateLimit, streams } = settings;
  const exempt = new Networks(rateLimit.exempt);
  const limit = new RateLimit({ ...rateLimit, exempt }, () => performance.now());
  const addresses: HostAndPort[] = [];
  for (const address of settings.listen) {
    const stream = resources.use(await startStreamListener(address, { ...shared, limits: streams }));
    const udp = resources.use(await startUdpListener(stream.address, { ...shared, limit }));
    addresses.push(udp.address);
  }
  const secure: StreamListener[] = [];
  for (const address of settings.tls?.listen ?? []) {
    secure.push(
      resources.use(await startStreamListener(address, { ...shared, limits: streams, tls: settings.tls })),
    );
  }
  return { addresses, tlsAddresses: secure.map(({ address }) => address), secure };
}
