import { readFile } from "node:fs/promises";
import { Pool, types } from "pg";
import { DetailedError, messageOf } from "../errors.ts";
import { clientTlsOptions } from "../tls/options.ts";
import type { PostgresAddress } from "./postgres-url.ts";

const connectTimeoutMs = 5_000;
const idleAfterMs = 60_000;
/** The server ends a statement first, and says so; this is for a server that does not answer at all. */
const answerMarginMs = 5_000;

export interface PoolSettings {
  /** Undefined: the server lets this user in without one (over a Unix socket, say). */
  readonly passwordPath: string | undefined;
  /** PEM file of the authorities that the server's certificate may come from. Undefined: the well-known ones. */
  readonly caFile: string | undefined;
  readonly maxConnections: number;
  readonly statementTimeoutMs: number;
}

/** Connections, made when they are needed. The password is read from its file for each, so that it can be changed.
 * @throws DetailedError TLS_FILE_UNREADABLE, TLS_CERTIFICATE_INVALID */
export function createPool(address: PostgresAddress, settings: PoolSettings): Pool {
  const { passwordPath, caFile, statementTimeoutMs } = settings;
  const pool = new Pool({
    host: address.host,
    port: address.port,
    user: address.user,
    database: address.database,
    ...(passwordPath === undefined ? {} : { password: () => readPassword(passwordPath) }),
    ssl: address.tls ? clientTlsOptions({ caFile }) : false,
    max: settings.maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: idleAfterMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + answerMarginMs,
    idle_in_transaction_session_timeout: statementTimeoutMs + answerMarginMs,
    keepAlive: true,
    application_name: "metacircular",
    types: { getTypeParser },
  });
  // A connection that breaks while nobody uses it is dropped; who needs one next sees whether the server is there.
  pool.on("error", () => undefined);
  // One that breaks while somebody has it makes the next statement on it fail; unheard it would end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** Sizes, times and counts come as text otherwise: they may be beyond what a double holds, and none of ours is. */
const wholeNumbers = new Set<number>([types.builtins.INT8, types.builtins.NUMERIC]);

function getTypeParser(oid: number, format?: unknown): (text: string) => unknown {
  if (wholeNumbers.has(oid)) return Number;
  return types.getTypeParser(oid, format as "text") as (text: string) => unknown;
}

async function readPassword(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).replace(/\r?\n$/u, "");
  } catch (cause) {
    throw new DetailedError({
      code: "DATABASE_PASSWORD_UNREADABLE",
      category: "failed-precondition",
      attempted: "read database password",
      subject: path,
      found: messageOf(cause),
      remedy: "write the password into this file, readable by the user that this runs as and by nobody else",
      cause,
    });
  }
}
