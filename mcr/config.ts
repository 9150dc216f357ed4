import {
  duration,
  filePath,
  listenAddress,
  loopbackAddress,
  networks,
} from "@metacircular/mcdsl/config/fields.ts";
import { loadConfig } from "@metacircular/mcdsl/config/load.ts";
import { isHttpsOrigin, isOrigin } from "@metacircular/mcdsl/config/origin.ts";
import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { snapshotSettings } from "@metacircular/mcdsl/config/snapshot-settings.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { logLevels } from "@metacircular/mcdsl/log/logger.ts";
import { z } from "zod";

const second = 1_000;

/** A duration of at least this; its value is in milliseconds. */
function atLeast(least: number, text: string, fallback: string) {
  return duration()
    .refine((durationMs) => durationMs >= least, `must be at least "${text}"`)
    .prefault(fallback);
}

const server = z.strictObject({
  /** The distribution API, tokens, REST and the web pages. */
  listen_addr: listenAddress(),
  grpc_addr: listenAddress(),
  tls_cert: filePath(),
  tls_key: filePath(),
  /** Networks of proxies whose connections all begin with a header of the PROXY protocol. */
  proxy_protocol_from: networks(),
  /** The origin under which clients reach `listen_addr`; its host and port are the first part of images' names. */
  external_url: z
    .string()
    .refine(isHttpsOrigin, 'must be an https origin such as "https://mcr.example.net:8443"'),
});

const s3 = z.strictObject({
  /** Origin of the service, e.g. `https://s3.eu-central-1.amazonaws.com`. */
  endpoint: z.string().default(""),
  region: z.string().min(1).default("us-east-1"),
  bucket: z.string().default(""),
  /** Before the name of each object. */
  prefix: z.string().default(""),
  /** The bucket in the path instead of in the name of the host. */
  path_style: z.boolean().default(true),
  /** Files with the access key's id and its secret. */
  access_key_id_path: z.string().default(""),
  secret_access_key_path: z.string().default(""),
  /** Authorities to trust for it; empty: the well-known ones. */
  ca_cert: z.string().default(""),
});

const storage = z
  .strictObject({
    type: z.enum(["file", "s3"]).default("file"),
    /** Blobs with `type = "file"`, and always the uploads in progress. */
    directory: filePath(),
    /** No upload begins or goes on with less free space on the disk of the directory; 0: no limit. */
    min_free_bytes: z.int().min(0).default(536_870_912),
    /** Of one layer. */
    max_blob_bytes: z.int().min(1_048_576).default(68_719_476_736),
    /** In progress at once. */
    max_uploads: z.int().min(1).max(100_000).default(1_000),
    /** That uploads in progress have together; a quarter of it those in one repository. */
    max_upload_bytes: z.int().min(4_194_304).default(274_877_906_944),
    /** An upload that nobody touched for so long is given up. */
    upload_expiry: atLeast(60 * second, "1m", "24h"),
    s3: s3.prefault({}),
  })
  .refine(({ type, s3: described }) => type === "file" || isCompleteS3(described), {
    path: ["s3"],
    message: 'type = "s3" needs endpoint (an origin), bucket, access_key_id_path and secret_access_key_path',
  });

const database = z
  .strictObject({
    /** SQLite. */
    path: z.string().default(""),
    /** PostgreSQL: `postgresql://user@host:port/database`, in place of `path`. */
    url: z
      .string()
      .refine(
        (text) => text === "" || isPostgresUrl(text),
        'must be such as "postgresql://mcr@db.example:5432/mcr"',
      )
      .default(""),
    /** File with the password of the URL's user. */
    password_path: z.string().default(""),
    /** Authorities to trust for PostgreSQL; empty: the well-known ones. */
    ca_cert: z.string().default(""),
    /** To PostgreSQL. */
    max_connections: z.int().min(2).max(1_000).default(10),
    /** For one statement of PostgreSQL. */
    statement_timeout: atLeast(second, "1s", "30s"),
  })
  .refine(({ path, url }) => (path === "") !== (url === ""), "needs either path or url");

/** `mcr.toml`; durations are in milliseconds once loaded. */
export const configSchema = z.strictObject({
  server,
  storage,
  database,
  mcias: z.strictObject({
    server_url: z.url({ protocol: /^https$/ }),
    ca_cert: z.string().default(""),
    /** What the identity service's login policy knows the registry as. */
    service_name: z.string().min(1).default("mcr"),
    /** File with the token of this server's own system account. */
    token_path: filePath(),
  }),
  manifests: z
    .strictObject({
      /** What a manifest may point to that its repository lacks: the images of an index, or blobs as well. */
      may_lack: z.enum(["nothing", "manifests", "anything"]).default("nothing"),
    })
    .prefault({}),
  garbage_collection: z
    .strictObject({
      /** "0s": only when somebody asks for it. */
      interval: duration()
        .refine(
          (durationMs) => durationMs === 0 || durationMs >= 60 * second,
          'must be "0s" or at least "1m"',
        )
        .prefault("1d"),
      /** How long content that nothing refers to is kept, so that pushes in progress find it. */
      lease: atLeast(second, "1s", "1h"),
      /** How old content that the database does not know must be before it is removed from the storage. */
      grace: atLeast(second, "1s", "24h"),
    })
    .prefault({}),
  login: z
    .strictObject({
      /** Failed logins that one client address may make within the window. */
      address_failures: z.int().min(1).max(100_000).default(20),
      address_window: atLeast(second, "1s", "10m"),
    })
    .prefault({}),
  audit: z
    .strictObject({
      keep_for: atLeast(second, "1s", "400d"),
      max_entries: z.int().min(1_000).max(100_000_000).default(1_000_000),
    })
    .prefault({}),
  web: z.strictObject({ enabled: z.boolean().default(true) }).prefault({}),
  snapshot: snapshotSettings,
  metrics: z.strictObject({ listen: loopbackAddress().prefault("127.0.0.1:9449") }).prefault({}),
  log: z.strictObject({ level: z.enum(logLevels).default("info") }).prefault({}),
});

export type Config = z.output<typeof configSchema>;

/** Whether it says all that is needed to use the store. */
export function isCompleteS3({
  endpoint,
  bucket,
  access_key_id_path: id,
  secret_access_key_path: secret,
}: z.output<typeof s3>): boolean {
  return isOrigin(endpoint) && bucket !== "" && id !== "" && secret !== "";
}

/** @throws DetailedError CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_INVALID */
export function loadRegistryConfig(file: string, environment: Environment): Config {
  return loadConfig({ schema: configSchema, file, environmentPrefix: "MCR", environment });
}

/** The file of the SQLite database.
 * @throws DetailedError DATABASE_NOT_A_FILE where it is PostgreSQL */
export function databaseFileOf({ database: { path } }: Config, attempted: string): string {
  if (path !== "") return path;
  throw new DetailedError({
    code: "DATABASE_NOT_A_FILE",
    category: "failed-precondition",
    attempted,
    subject: "the database",
    found: "it is a PostgreSQL database",
    remedy: "use PostgreSQL's own tools, such as pg_dump and pg_restore",
  });
}

function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null && /^postgres(?:ql)?:$/u.test(url.protocol) && url.password === "" && url.hostname !== ""
  );
}
