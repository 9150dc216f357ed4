import { duration, filePath, listenAddress, networks } from "@metacircular/mcdsl/config/fields.ts";
import { snapshotSettings } from "@metacircular/mcdsl/config/snapshot-settings.ts";
import { type Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { loadConfig } from "@metacircular/mcdsl/config/load.ts";
import { isHttpsOrigin } from "@metacircular/mcdsl/config/origin.ts";
import { logLevels } from "@metacircular/mcdsl/log/logger.ts";
import { z } from "zod";

const second = 1000;

/** A duration of at least a second: tokens count in whole seconds. */
function lifetime(fallback: string) {
  return duration()
    .refine((durationMs) => durationMs >= second, 'must be at least "1s"')
    .prefault(fallback);
}

const server = z.strictObject({
  listen_addr: listenAddress(),
  tls_cert: filePath(),
  tls_key: filePath(),
  /** Networks of proxies whose connections all begin with a header of the PROXY protocol. */
  proxy_protocol_from: networks(),
  /** The origin under which clients reach the server; written into every token as `iss`. */
  issuer: z.string().refine(isHttpsOrigin, 'must be an origin such as "https://mcias.example:8443"'),
});

const tokens = z.strictObject({
  /** Access tokens of humans, and of system accounts that use their client secret. */
  access_lifetime: lifetime("1h"),
  /** A human logs in again after this long; refreshing doesn't extend it. */
  refresh_lifetime: lifetime("30d"),
  /** Tokens from `mcias token issue --system`. */
  system_lifetime: lifetime("365d"),
  /** Age at which the signing key is replaced. */
  key_rotation: lifetime("90d"),
});

const login = z.strictObject({
  free_attempts: z.int().min(1).max(100).prefault(3),
  first_delay: lifetime("1s"),
  max_delay: lifetime("15m"),
  forget_after: lifetime("1d"),
  address_failures: z.int().min(1).max(1_000_000).prefault(30),
  address_window: lifetime("10m"),
});

const audit = z.strictObject({
  retention: lifetime("400d"),
  max_entries: z.int().min(1000).max(100_000_000).prefault(1_000_000),
});

/** `mcias.toml`; durations are in milliseconds once loaded. */
export const configSchema = z.strictObject({
  server,
  database: z.strictObject({ path: filePath() }),
  tokens: tokens.prefault({}),
  login: login.prefault({}),
  audit: audit.prefault({}),
  snapshot: snapshotSettings,
  log: z.strictObject({ level: z.enum(logLevels).prefault("info") }).prefault({}),
});

export type Config = z.output<typeof configSchema>;

/** @throws DetailedError CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_INVALID */
export function loadIdentityConfig(file: string, environment: Environment): Config {
  return loadConfig({ schema: configSchema, file, environmentPrefix: "MCIAS", environment });
}
