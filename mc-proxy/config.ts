import { dirname, join } from "node:path";
import { isIP } from "node:net";
import { duration, filePath, loopbackAddress, networks } from "@metacircular/mcdsl/config/fields.ts";
import { type HostAndPort, parseHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { loadConfig } from "@metacircular/mcdsl/config/load.ts";
import { type Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { snapshotSettings } from "@metacircular/mcdsl/config/snapshot-settings.ts";
import { logLevels } from "@metacircular/mcdsl/log/logger.ts";
import { z } from "zod";
import { defaultLimits } from "./engine/limits.ts";
import { parseBackend } from "./routes/backend.ts";

const second = 1_000;

/** A path, or the empty string for none. */
function optionalPath() {
  return z.string().refine((path) => !path.includes("\0"), "must not contain a NUL character");
}

/** An `address:port` to connect to; the empty string, as undefined: none. */
function optionalBackend() {
  return z.string().transform((text, context): HostAndPort | undefined => {
    if (text === "") return undefined;
    const parsed = parseBackend(text);
    if ("backend" in parsed) return parsed.backend;
    context.addIssue({
      code: "custom",
      message: `${parsed.problem}, or "" for none; not ${JSON.stringify(text)}`,
    });
    return z.NEVER;
  });
}

function optionalListenAddress() {
  return z.string().transform((text, context): HostAndPort | undefined => {
    if (text === "") return undefined;
    const address = parseHostAndPort(text);
    const host = address?.host === "" ? "0.0.0.0" : (address?.host ?? "");
    if (address !== undefined && address.port > 0 && isIP(host) !== 0) return { host, port: address.port };
    context.addIssue({
      code: "custom",
      message: `must be an IP address with a port, such as "0.0.0.0:80", or "" for none; not ${JSON.stringify(text)}`,
    });
    return z.NEVER;
  });
}

/** @param fallbackMs whole seconds */
function timeout(fallbackMs: number, mostMs = 86_400_000) {
  return duration()
    .refine(
      (durationMs) => durationMs >= 100 && durationMs <= mostMs,
      `must be from "100ms" to "${mostMs / second}s"`,
    )
    .prefault(`${fallbackMs / second}s`);
}

const port = z.int().min(1).max(65_535);
const ipAddress = z.string().refine((text) => isIP(text) !== 0, "must be an IP address");

/** Octal digits, as for chmod. */
const socketMode = z
  .string()
  .regex(/^0?[0-7]{3}$/u, 'must be permissions such as "0660"')
  .transform((text) => Number.parseInt(text, 8));

const limits = z.strictObject({
  max_connections: z.int().min(10).max(1_000_000).prefault(defaultLimits.maxConnections),
  connections_per_address: z.int().min(1).max(1_000_000).prefault(defaultLimits.connectionsPerAddress),
  connections_per_address_per_10s: z
    .int()
    .min(1)
    .max(10_000_000)
    .prefault(defaultLimits.connectionsPerAddressPer10s),
  max_body_bytes: z
    .int()
    .min(0)
    .max(2 ** 40)
    .prefault(defaultLimits.maxBodyBytes),
  hello_timeout: timeout(defaultLimits.helloTimeoutMs),
  request_head_timeout: timeout(defaultLimits.requestHeadTimeoutMs),
  keep_alive_timeout: timeout(defaultLimits.keepAliveTimeoutMs),
  connect_timeout: timeout(defaultLimits.connectTimeoutMs),
  connect_retries: z.int().min(0).max(100).prefault(defaultLimits.connectRetries),
  client_timeout: timeout(defaultLimits.clientTimeoutMs),
  backend_timeout: timeout(defaultLimits.backendTimeoutMs),
  tunnel_timeout: timeout(defaultLimits.tunnelTimeoutMs, 30 * 86_400_000),
  drain_timeout: timeout(defaultLimits.drainTimeoutMs),
  stop_timeout: timeout(defaultLimits.stopTimeoutMs, 600_000),
});

/** `mc-proxy.toml`; durations are in milliseconds once loaded. */
export const configSchema = z.strictObject({
  admin: z
    .strictObject({
      socket: filePath().prefault("/srv/mc-proxy/run/admin.sock"),
      socket_mode: socketMode.prefault("0660"),
    })
    .prefault({}),
  database: z.strictObject({ path: filePath().prefault("/srv/mc-proxy/mc-proxy.db") }).prefault({}),
  listen: z
    .strictObject({
      addresses: z.array(ipAddress).min(1).max(64).prefault(["0.0.0.0"]),
      /** Public TLS ports; opened at the start. */
      ports: z.array(port).max(256).prefault([443]),
      /** Routes may name further ports, which are opened and closed with them. */
      any_port: z.boolean().prefault(false),
    })
    .prefault({}),
  http: z
    .strictObject({
      listen_addr: optionalListenAddress().prefault(""),
      /** 0: the first of `listen.ports`. */
      redirect_port: z.int().min(0).max(65_535).prefault(0),
      acme_backend: optionalBackend().prefault(""),
    })
    .prefault({}),
  certificates: z.strictObject({ directory: filePath().prefault("/srv/mc-proxy/certs") }).prefault({}),
  tls_alpn: z.strictObject({ backend: optionalBackend().prefault("") }).prefault({}),
  backend: z.strictObject({ ca_cert: optionalPath().prefault("") }).prefault({}),
  proxy_protocol: z.strictObject({ trusted: networks() }).prefault({}),
  limits: limits.prefault({}),
  firewall: z.strictObject({ geoip_file: optionalPath().prefault("") }).prefault({}),
  maintenance: z.strictObject({ page_file: optionalPath().prefault("") }).prefault({}),
  metrics: z
    .strictObject({
      /** Numbers of this program and of the routes. */
      listen: loopbackAddress().prefault(""),
      /** HAProxy's own numbers. */
      haproxy_listen: loopbackAddress().prefault(""),
    })
    .prefault({}),
  haproxy: z
    .strictObject({
      binary: z.string().min(1).prefault("haproxy"),
      /** Empty: `run/haproxy` beside the database. */
      directory: optionalPath().prefault(""),
      /** Whether it goes on serving when mc-proxy is stopped, until the next mc-proxy takes it over. */
      keep_running: z.boolean().prefault(false),
    })
    .prefault({}),
  reconcile: z
    .strictObject({
      /** Between two comparisons of what is stored with what the data plane does. */
      interval: duration()
        .refine((durationMs) => durationMs >= 100 && durationMs <= 3_600_000, 'must be from "100ms" to "1h"')
        .prefault("3s"),
    })
    .prefault({}),
  snapshot: snapshotSettings,
  log: z.strictObject({ level: z.enum(logLevels).prefault("info") }).prefault({}),
});

export type Config = z.output<typeof configSchema>;

/** @throws DetailedError CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_INVALID */
export function loadProxyConfig(file: string, environment: Environment): Config {
  return loadConfig({ schema: configSchema, file, environmentPrefix: "MC_PROXY", environment });
}

/** Where HAProxy's files are. */
export function engineDirectory({ haproxy, database }: Config): string {
  return haproxy.directory === "" ? join(dirname(database.path), "run", "haproxy") : haproxy.directory;
}

/** Where copies of usable certificates are kept. */
export function keptCertificatesDirectory({ database }: Config): string {
  return join(dirname(database.path), "run", "certificates");
}

/** All sockets of public TLS ports that are configured. */
export function configuredListeners({ listen }: Config): { address: string; port: number }[] {
  const ports = [...new Set(listen.ports)];
  return ports.flatMap((each) => listen.addresses.map((address) => ({ address, port: each })));
}
