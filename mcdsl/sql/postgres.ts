import type { Pool, PoolClient } from "pg";
import { type Clock, systemClock } from "../clock.ts";
import type { Migration } from "../database/migrate.ts";
import { DetailedError } from "../errors.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { createGate } from "./gate.ts";
import { isConnectionFailure, isOthersFault, isTakenKey, postgresFailure } from "./postgres-failure.ts";
import { migratePostgres, schemaTable } from "./postgres-migrate.ts";
import { createPool } from "./postgres-pool.ts";
import { parsePostgresUrl } from "./postgres-url.ts";
import type { Sql, SqlDatabase, SqlRow, SqlValue } from "./sql.ts";

/** Whoever was in the way has got through, so it is the time of the transaction that bounds this. */
const triesAfterConflict = 1_000;
/** A key that somebody else took meanwhile is seen by the next try; one that stays taken is a failure of the caller. */
const triesAfterTakenKey = 20;
/** Connections of the pool may all be broken after the server was restarted; a server that is away is told of soon. */
const triesAfterBreak = 4;
/** After this part of its time a transaction that others got into the way of runs alone: a long one would never get through
 * beside many short ones. */
const aloneAfter = 1 / 6;
/** For so much of its time it waits until those that run have ended; then it is tried as before. */
const waitToBeAlone = 1 / 3;
const firstPauseMs = 10;
const longestPauseMs = 500;

export interface PostgresOptions {
  /** As `parsePostgresUrl` takes it. */
  readonly url: string;
  readonly passwordPath?: string | undefined;
  readonly caFile?: string | undefined;
  readonly migrations: readonly Migration[];
  /** Default: 10. */
  readonly maxConnections?: number;
  /** How long one statement may take, and a transaction altogether; for as long it begins again where others get into its
   * way. Default: 30 s. */
  readonly statementTimeoutMs?: number;
  /** How many may wait for a connection. Default: 1,000. */
  readonly maxWaiting?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Connects to PostgreSQL and brings the schema up to date. Transactions are serializable; one that gets into another's
 * way runs again, for a bounded time, and at last alone. After the server was restarted it connects again by itself.
 * @throws DetailedError DATABASE_URL_INVALID, DATABASE_UNAVAILABLE, DATABASE_TOO_NEW, DATABASE_MIGRATION_FAILED,
 * DATABASE_PASSWORD_UNREADABLE, TLS_FILE_UNREADABLE, TLS_CERTIFICATE_INVALID */
export async function openPostgres(options: PostgresOptions): Promise<SqlDatabase> {
  const { migrations, maxConnections = 10, statementTimeoutMs = 30_000, maxWaiting = 1_000 } = options;
  const { clock = systemClock, random = Math.random, passwordPath, caFile } = options;
  const address = parsePostgresUrl(options.url);
  const subject = address.display;
  const pool = createPool(address, { passwordPath, caFile, maxConnections, statementTimeoutMs });
  const all = createGate({ subject, width: maxConnections, maxWaiting });
  // Who only reads must not wait for those who write, or wait to try again.
  const writers = createGate({ subject, width: Math.max(1, Math.ceil(maxConnections / 2)), maxWaiting });

  const pause = (tries: number, signal?: AbortSignal): Promise<void> =>
    clock.sleep(random() * Math.min(firstPauseMs * 2 ** tries, longestPauseMs), signal);

  async function read(statement: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await all.pass(async () => (await pool.query<SqlRow>(statement, [...values])).rows);
      } catch (thrown) {
        if (!isConnectionFailure(thrown) || tries >= triesAfterBreak) throw postgresFailure(subject, thrown);
        await pause(tries);
      }
    }
  }

  async function transaction<T>(body: (sql: Sql) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const beganAtMs = clock.now();
    const failed = new Map<number, number>();
    let isAlone = false;
    for (let tries = 1; ; tries += 1) {
      const attempt = { isAlone, isCommitting: false };
      try {
        return await all.pass(
          () => tryOnce(pool, body, { subject, limitMs: statementTimeoutMs, attempt, signal }),
          signal,
        );
      } catch (thrown) {
        signal?.throwIfAborted();
        const isLate = isOthersFault(thrown) && clock.now() - beganAtMs >= statementTimeoutMs;
        // Each kind of failure, told apart by its tries, is counted by itself.
        const allowed = allowedTries(thrown, attempt.isCommitting);
        failed.set(allowed, (failed.get(allowed) ?? 0) + 1);
        if (isLate || failed.get(allowed) === allowed) throw postgresFailure(subject, thrown);
        await pause(tries, signal);
        isAlone = isOthersFault(thrown) && clock.now() - beganAtMs >= statementTimeoutMs * aloneAfter;
      }
    }
  }

  try {
    const client = await pool.connect();
    try {
      await migratePostgres(client, subject, migrations);
    } finally {
      client.release();
    }
  } catch (thrown) {
    await pool.end();
    throw postgresFailure(subject, thrown);
  }
  return {
    engine: "postgresql",
    query: (statement, values = []) => read(statement, values),
    execute: (statement, values) => writers.pass(() => transaction((sql) => sql.execute(statement, values))),
    transaction: (body, { signal } = {}) => writers.pass(() => transaction(body, signal), signal),
    async [Symbol.asyncDispose]() {
      await Promise.all([writers.idle(), all.idle()]);
      await pool.end();
    },
  };
}

/** Where the connection broke while it committed nobody knows whether it did: only the caller can find out. */
function allowedTries(thrown: unknown, isCommitting: boolean): number {
  if (isOthersFault(thrown)) return triesAfterConflict;
  if (isTakenKey(thrown)) return triesAfterTakenKey;
  return isConnectionFailure(thrown) && !isCommitting ? triesAfterBreak : 1;
}

async function tryOnce<T>(
  pool: Pool,
  body: (sql: Sql) => Promise<T>,
  options: {
    readonly subject: string;
    readonly limitMs: number;
    readonly attempt: { readonly isAlone: boolean; isCommitting: boolean };
    readonly signal: AbortSignal | undefined;
  },
): Promise<T> {
  const { subject, limitMs, attempt, signal } = options;
  const client = await pool.connect();
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(tooLong(subject, limitMs)), limitMs);
  const ended = AbortSignal.any(signal === undefined ? [limit.signal] : [limit.signal, signal]);
  const run = async (): Promise<T> => {
    await client.query(attempt.isAlone ? beginAlone(limitMs * waitToBeAlone) : begin);
    return body(statementsOf(client, ended));
  };
  let isClean = false;
  try {
    const result = await unlessAborted(run(), ended);
    // Not to be given up: nobody would know whether it was done.
    attempt.isCommitting = true;
    await client.query("COMMIT");
    isClean = true;
    return result;
  } catch (thrown) {
    isClean = !ended.aborted && (await rollBack(client));
    throw thrown;
  } finally {
    clearTimeout(timer);
    // A connection in a state that nobody knows is closed, and the server rolls back.
    client.release(!isClean);
  }
}

/** All transactions share a lock, but who runs alone. In one round trip, and before the snapshot is taken, so that it is of
 * a time when the lock was held: https://www.postgresql.org/docs/15/sql-lock.html. Who waits for the lock alone lets no
 * other one begin. */
const begin = `BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE ${schemaTable} IN ROW SHARE MODE`;

function beginAlone(waitMs: number): string {
  return `BEGIN ISOLATION LEVEL SERIALIZABLE; SET LOCAL lock_timeout = ${Math.ceil(waitMs)};
    LOCK TABLE ${schemaTable} IN EXCLUSIVE MODE; SET LOCAL lock_timeout = DEFAULT`;
}

function statementsOf(client: PoolClient, ended: AbortSignal): Sql {
  return {
    async query(statement, values = []) {
      ended.throwIfAborted();
      return (await client.query<SqlRow>(statement, [...values])).rows;
    },
    async execute(statement, values = []) {
      ended.throwIfAborted();
      return (await client.query(statement, [...values])).rowCount ?? 0;
    },
  };
}

async function rollBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query("ROLLBACK");
    return true;
  } catch {
    return false;
  }
}

function tooLong(subject: string, limitMs: number): DetailedError {
  return new DetailedError({
    code: "DATABASE_TIMEOUT",
    category: "unavailable",
    attempted: "change database",
    subject,
    found: `it took longer than ${limitMs / 1_000} s, and was undone`,
    remedy: "try again; if it stays so, look at the load of the database server",
  });
}
