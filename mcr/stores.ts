import { join } from "node:path";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { claimFile } from "@metacircular/mcdsl/database/claim.ts";
import { openSqlite } from "@metacircular/mcdsl/sql/sqlite.ts";
import type { SqlDatabase } from "@metacircular/mcdsl/sql/sql.ts";
import type { BlobStore } from "./blobs/blob-store.ts";
import { openFileStore } from "./blobs/file-store.ts";
import { makePrivateDirectory } from "./blobs/private-directory.ts";
import { storageFailure } from "./blobs/storage-errors.ts";
import { openUploads } from "./blobs/upload-files.ts";
import type { UploadStore } from "./blobs/upload-store.ts";
import { claimWords } from "./claim-words.ts";
import { type Config, isCompleteS3 } from "./config.ts";
import { migrations } from "./metadata/migrations.ts";

export interface Stores {
  readonly database: SqlDatabase;
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
}

/** Opens all that the registry keeps, in the order in which it is closed again by the stack.
 * @throws DetailedError REGISTRY_ALREADY_RUNS, BLOB_STORE_UNAVAILABLE, UPLOADS_IN_USE, STORAGE_FULL, and those of the database */
export async function openStores(config: Config, clock: Clock, stack: AsyncDisposableStack): Promise<Stores> {
  const { directory, min_free_bytes: minFreeBytes, max_blob_bytes: maxBlobBytes } = config.storage;
  await makeStorage(directory);
  if (config.database.url === "") stack.use(claimFile(config.database.path, claimWords));
  const database = stack.use(await openSql(config));
  const blobs = stack.use(await openBlobs(config.storage, config.storage.type, clock));
  const uploads = stack.use(
    await openUploads({
      directory: join(directory, "uploads"),
      clock,
      maxBlobBytes,
      minFreeBytes,
      maxUploads: config.storage.max_uploads,
      maxUploadBytes: config.storage.max_upload_bytes,
    }),
  );
  return { database, blobs, uploads };
}

async function makeStorage(directory: string): Promise<void> {
  try {
    await makePrivateDirectory(directory);
  } catch (thrown) {
    throw storageFailure("open the storage", directory, thrown);
  }
}

async function openSql({ database }: Config): Promise<SqlDatabase> {
  const { url, path, password_path: passwordPath, ca_cert: caFile } = database;
  if (url === "") return openSqlite({ file: path, migrations });
  // Its client is loaded by those only that need it.
  const { openPostgres } = await import("@metacircular/mcdsl/sql/postgres.ts");
  return openPostgres({
    url,
    ...(passwordPath === "" ? {} : { passwordPath }),
    ...(caFile === "" ? {} : { caFile }),
    maxConnections: database.max_connections,
    statementTimeoutMs: database.statement_timeout,
    migrations,
  });
}

/** The store of this type, whether or not it is the one in use.
 * @throws DetailedError S3_SETTINGS_UNUSABLE, BLOB_STORE_UNAVAILABLE, STORAGE_FULL */
export async function openBlobs(
  storage: Config["storage"],
  type: "file" | "s3",
  clock: Clock,
): Promise<BlobStore> {
  if (type === "file") return openFileStore({ directory: join(storage.directory, "blobs"), clock });
  const { s3 } = storage;
  if (!isCompleteS3(s3)) throw s3Incomplete();
  // Its client is loaded by those only that need it.
  const { openS3Store } = await import("./blobs/s3-store.ts");
  return openS3Store({
    clock,
    endpoint: s3.endpoint,
    region: s3.region,
    bucket: s3.bucket,
    prefix: s3.prefix,
    pathStyle: s3.path_style,
    accessKeyIdFile: s3.access_key_id_path,
    secretAccessKeyFile: s3.secret_access_key_path,
    caFile: s3.ca_cert === "" ? undefined : s3.ca_cert,
  });
}

function s3Incomplete(): DetailedError {
  return new DetailedError({
    code: "S3_SETTINGS_UNUSABLE",
    category: "failed-precondition",
    attempted: "use the S3 store",
    subject: "[storage.s3]",
    found: "it is not described",
    remedy:
      "give endpoint (an origin), bucket, access_key_id_path and secret_access_key_path in the configuration",
  });
}
