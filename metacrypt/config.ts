import {
  duration,
  filePath,
  listenAddress,
  loopbackAddress,
  networks,
} from "@metacircular/mcdsl/config/fields.ts";
import { type HostAndPort, parseHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { loadConfig } from "@metacircular/mcdsl/config/load.ts";
import { isHttpsOrigin, isOrigin } from "@metacircular/mcdsl/config/origin.ts";
import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { snapshotSettings } from "@metacircular/mcdsl/config/snapshot-settings.ts";
import { logLevels } from "@metacircular/mcdsl/log/logger.ts";
import { z } from "zod";
import { acmeConfigSchema } from "./acme/config.ts";

const server = z.strictObject({
  listen_addr: listenAddress(),
  grpc_addr: listenAddress(),
  tls_cert: filePath(),
  tls_key: filePath(),
  /** Networks of proxies whose connections all begin with a header of the PROXY protocol. */
  proxy_protocol_from: networks(),
  /** The origin under which clients reach `listen_addr`. */
  external_url: z
    .string()
    .refine(isHttpsOrigin, 'must be an origin such as "https://metacrypt.example:8443"'),
  /** Plain HTTP for revocation lists, status answers and issuers' certificates, and nothing else; empty: nowhere. */
  http_addr: addressOrNone().prefault(""),
  /** The origin that certificates name for these; empty: `external_url`. */
  pki_url: z
    .string()
    .refine((text) => text === "" || isOrigin(text), 'must be an origin such as "http://pki.example", or ""')
    .default(""),
});

const mcias = z.strictObject({
  server_url: z.url({ protocol: /^https$/ }),
  ca_cert: z.string().default(""),
  service_name: z.string().min(1).default("metacrypt"),
  /** File with the token of the service's own system account. */
  token_path: filePath(),
});

const seal = z.strictObject({
  /** A file whose key unseals the service when it starts, without anybody. Empty: somebody has to unseal it. */
  unattended_key_file: z.string().default(""),
});

const audit = z.strictObject({
  retention: duration()
    .refine((durationMs) => durationMs >= 1000, 'must be at least "1s"')
    .prefault("400d"),
  max_entries: z.int().min(1000).max(100_000_000).default(1_000_000),
});

/** `metacrypt.toml`; durations are in milliseconds once loaded. */
export const configSchema = z.strictObject({
  server,
  database: z.strictObject({ path: filePath() }),
  mcias,
  seal: seal.prefault({}),
  acme: acmeConfigSchema,
  audit: audit.prefault({}),
  metrics: z.strictObject({ listen: loopbackAddress().prefault("127.0.0.1:9446") }).prefault({}),
  snapshot: snapshotSettings,
  log: z.strictObject({ level: z.enum(logLevels).default("info") }).prefault({}),
});

export type Config = z.output<typeof configSchema>;

/** @throws DetailedError CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_INVALID */
export function loadMetacryptConfig(file: string, environment: Environment): Config {
  return loadConfig({ schema: configSchema, file, environmentPrefix: "METACRYPT", environment });
}

function addressOrNone(): z.ZodPipe<z.ZodString, z.ZodTransform<HostAndPort | undefined, string>> {
  return z.string().transform((text, context) => {
    if (text === "") return undefined;
    const address = parseHostAndPort(text);
    if (address !== undefined) return { ...address, host: address.host === "" ? "0.0.0.0" : address.host };
    context.addIssue({ code: "custom", message: 'must be an address such as "0.0.0.0:80", or ""' });
    return z.NEVER;
  });
}
