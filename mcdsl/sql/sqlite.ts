import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Migration } from "../database/migrate.ts";
import { openDatabase } from "../database/open.ts";
import { openReader } from "../database/reader.ts";
import { databaseWriteFailure } from "../database/write-failure.ts";
import { DetailedError } from "../errors.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { createGate } from "./gate.ts";
import type { Sql, SqlDatabase, SqlRow } from "./sql.ts";

const busyTimeoutMs = 5_000;
const preparedAtMost = 500;
/** https://sqlite.org/rescode.html#busy and #interrupt */
const busyCode = 5;

export interface SqliteOptions {
  readonly file: string;
  readonly migrations: readonly Migration[];
  /** How long a transaction may take before it is rolled back. Default: 30 s. */
  readonly transactionTimeoutMs?: number;
  /** How many may wait for the one that writes. Default: 1,000. */
  readonly maxWaiting?: number;
}

/** Opens or creates a SQLite database as `openDatabase` does. One transaction at a time; who reads outside of one sees
 * what is committed and never waits.
 * @throws DetailedError DATABASE_UNREADABLE, DATABASE_TOO_NEW, DATABASE_MIGRATION_FAILED */
export async function openSqlite(options: SqliteOptions): Promise<SqlDatabase> {
  const { file, migrations, transactionTimeoutMs = 30_000, maxWaiting = 1_000 } = options;
  const database = openDatabase({ file, migrations });
  const reader = openReader(file, busyTimeoutMs);
  const read = statementsOf(reader);
  const write = statementsOf(database.sql);
  const gate = createGate({ subject: file, width: 1, maxWaiting });

  async function transaction<T>(body: (sql: Sql) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return gate.pass(async () => {
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(tooLong(file, transactionTimeoutMs)), transactionTimeoutMs);
      const ended = AbortSignal.any(signal === undefined ? [limit.signal] : [limit.signal, signal]);
      try {
        return await inTransaction(database.sql, write, body, ended);
      } catch (thrown) {
        throw failure(file, thrown);
      } finally {
        clearTimeout(timer);
      }
    }, signal);
  }

  return {
    engine: "sqlite",
    async query(statement, values = []) {
      try {
        return read(statement).all(...values) as SqlRow[];
      } catch (thrown) {
        throw failure(file, thrown);
      }
    },
    execute: (statement, values) => transaction((sql) => sql.execute(statement, values)),
    transaction: (body, { signal } = {}) => transaction(body, signal),
    async [Symbol.asyncDispose]() {
      await gate.idle();
      reader.close();
      database[Symbol.dispose]();
    },
  };
}

async function inTransaction<T>(
  connection: DatabaseSync,
  prepare: (statement: string) => StatementSync,
  body: (sql: Sql) => Promise<T>,
  ended: AbortSignal,
): Promise<T> {
  let over = false;
  const requireOpen = (): void => {
    ended.throwIfAborted();
    if (over) throw new TypeError("this transaction is over: await everything that its body begins");
  };
  connection.exec("BEGIN IMMEDIATE");
  const sql: Sql = {
    async query(statement, values = []) {
      requireOpen();
      return prepare(statement).all(...values) as SqlRow[];
    },
    async execute(statement, values = []) {
      requireOpen();
      return Number(prepare(statement).run(...values).changes);
    },
  };
  try {
    const result = await unlessAborted(body(sql), ended);
    connection.exec("COMMIT");
    return result;
  } finally {
    over = true;
    if (connection.isTransaction) connection.exec("ROLLBACK");
  }
}

/** Prepared once each; of those that are many, the oldest is forgotten. */
function statementsOf(connection: DatabaseSync): (statement: string) => StatementSync {
  const prepared = new Map<string, StatementSync>();
  return (statement) => {
    const known = prepared.get(statement);
    if (known !== undefined) return known;
    const made = connection.prepare(statement.replaceAll(/\$(\d+)/gu, "?$1"));
    if (prepared.size >= preparedAtMost) {
      const [oldest = ""] = prepared.keys();
      prepared.delete(oldest);
    }
    prepared.set(statement, made);
    return made;
  };
}

function failure(file: string, thrown: unknown): unknown {
  if (thrown instanceof Error && "errcode" in thrown && (Number(thrown.errcode) & 0xff) === busyCode) {
    return new DetailedError({
      code: "DATABASE_BUSY",
      category: "unavailable",
      attempted: "change database",
      subject: file,
      found: "another program holds it",
      remedy: "try again in a moment; end what else works with this file",
      cause: thrown,
    });
  }
  return databaseWriteFailure(thrown) ?? thrown;
}

function tooLong(file: string, limitMs: number): DetailedError {
  return new DetailedError({
    code: "DATABASE_TIMEOUT",
    category: "unavailable",
    attempted: "change database",
    subject: file,
    found: `it took longer than ${limitMs / 1_000} s, and was undone`,
    remedy: "try again; if it stays so, look at the load of the service and of its disk",
  });
}
