import {
  duration,
  filePath,
  listenAddress,
  loopbackAddress,
  networks,
} from "@metacircular/mcdsl/config/fields.ts";
import { loadConfig } from "@metacircular/mcdsl/config/load.ts";
import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { snapshotSettings } from "@metacircular/mcdsl/config/snapshot-settings.ts";
import { logLevels } from "@metacircular/mcdsl/log/logger.ts";
import { z } from "zod";
import { parseNetwork } from "./forward/networks.ts";
import { parseUpstream } from "./upstream-address.ts";

/** A duration of at least this; its value is in milliseconds. */
function atLeast(least: number, text: string, fallback: string) {
  return duration()
    .refine((durationMs) => durationMs >= least, `must be at least "${text}"`)
    .prefault(fallback);
}

const second = 1_000;

const network = z
  .string()
  .refine((text) => parseNetwork(text) !== undefined, 'must be a network such as "10.0.0.0/8" or an address');

const upstream = z
  .string()
  .refine(
    (text) => parseUpstream(text) !== undefined,
    'must be such as "9.9.9.9", "192.0.2.1:5353" or "tls://9.9.9.9#dns.quad9.net"',
  );

const dns = z.strictObject({
  /** Each by UDP and TCP. */
  listen: z.array(listenAddress()).min(1).max(64).prefault(["127.0.0.1:53"]),
  /** DNS over TLS, with the certificate of `[server]`. */
  tls_listen: z.array(listenAddress()).max(64).default([]),
  /** Responses by UDP each second to one /24 (IPv6: /56); 0: no limit. */
  responses_per_second: z.int().min(0).max(1_000_000).default(200),
  /** Of those beyond the limit, each so-many-th says "ask by TCP", the others are dropped; 0: all are. */
  slip: z.int().min(0).max(100).default(2),
  /** Networks without a limit. */
  unlimited: z.array(network).default(["127.0.0.0/8", "::1"]),
  tcp_connections: z.int().min(1).max(100_000).default(1_000),
  tcp_connections_per_address: z.int().min(1).max(100_000).default(50),
  tcp_idle_timeout: atLeast(second, "1s", "10s"),
  /** Encoded answers kept in memory. */
  cache_entries: z.int().min(1).max(10_000_000).default(100_000),
  cache_bytes: z.int().min(65_536).default(67_108_864),
  /** A log line for each query. */
  log_queries: z.boolean().default(false),
});

const forward = z.strictObject({
  /** Asked in this order; none: questions about other names are refused. */
  upstreams: z.array(upstream).max(16).default([]),
  /** Networks whose questions are forwarded. */
  allow: z.array(network).default(["127.0.0.0/8", "::1"]),
  /** For one upstream server to answer. */
  timeout: atLeast(50, "50ms", "2s"),
  /** Different questions on their way at once. */
  in_flight: z.int().min(1).max(100_000).default(1_000),
  cache_entries: z.int().min(1).max(10_000_000).default(50_000),
  cache_bytes: z.int().min(65_536).default(33_554_432),
  /** No answer is kept longer. */
  longest: atLeast(second, "1s", "1d"),
  longest_negative: atLeast(second, "1s", "1h"),
  /** How long after its end an answer is still given when no upstream server answers; "0s": never. */
  stale: duration().prefault("1d"),
  /** Authorities for `tls://` upstreams; empty: the well-known ones. */
  ca_cert: z.string().default(""),
});

/** `mcns.toml`; durations are in milliseconds once loaded. */
export const configSchema = z.strictObject({
  server: z.strictObject({
    /** REST. */
    listen_addr: listenAddress(),
    grpc_addr: listenAddress(),
    tls_cert: filePath(),
    tls_key: filePath(),
    /** Networks of proxies whose connections all begin with a header of the PROXY protocol. */
    proxy_protocol_from: networks(),
  }),
  dns: dns.prefault({}),
  forward: forward.prefault({}),
  database: z.strictObject({ path: filePath() }),
  journal: z
    .strictObject({
      /** Changes of each zone that secondaries can fetch one by one (IXFR). */
      max_changes: z.int().min(0).max(1_000_000).default(1_000),
      keep_for: atLeast(second, "1s", "7d"),
    })
    .prefault({}),
  mcias: z.strictObject({
    server_url: z.url({ protocol: /^https$/ }),
    ca_cert: z.string().default(""),
    /** File with the token of this server's own system account. */
    token_path: filePath(),
  }),
  auth: z
    .strictObject({
      /** System accounts that may change every record. */
      record_managers: z.array(z.string().min(1)).default(["mcp-agent"]),
    })
    .prefault({}),
  snapshot: snapshotSettings,
  metrics: z.strictObject({ listen: loopbackAddress().prefault("127.0.0.1:9447") }).prefault({}),
  log: z.strictObject({ level: z.enum(logLevels).default("info") }).prefault({}),
});

export type Config = z.output<typeof configSchema>;

/** @throws DetailedError CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_INVALID */
export function loadNameServerConfig(file: string, environment: Environment): Config {
  return loadConfig({ schema: configSchema, file, environmentPrefix: "MCNS", environment });
}
