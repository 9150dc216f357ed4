import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { DetailedError } from "../errors.ts";
import { migrate, type Migration } from "./migrate.ts";
import { createTransaction, type RunInTransaction } from "./transaction.ts";

/** An open database. Disposing it closes the file. */
export interface Database extends Disposable {
  readonly sql: DatabaseSync;
  /** Runs `body` in one write transaction: all of it or, when it throws, nothing. Inside another one it is a
   * savepoint. `body` must be synchronous. */
  readonly transaction: RunInTransaction;
}

const busyTimeoutMs = 5_000;
/** After one large change the log would keep its size for ever. */
const keptLogBytes = 64 * 1024 * 1024;

/** Opens or creates a SQLite database (mode 0600, write-ahead log, foreign keys on, every commit durable) and
 * brings its schema up to date. The number of applied migrations is kept in `user_version`.
 * @throws DetailedError DATABASE_UNREADABLE, DATABASE_TOO_NEW, DATABASE_MIGRATION_FAILED */
export function openDatabase(options: { file: string; migrations: readonly Migration[] }): Database {
  const { file, migrations } = options;
  const sql = connect(file);
  try {
    migrate(sql, file, migrations);
  } catch (thrown) {
    sql.close();
    throw thrown;
  }
  return {
    sql,
    transaction: createTransaction(sql),
    [Symbol.dispose]: () => {
      if (sql.isOpen) sql.close();
    },
  };
}

function connect(file: string): DatabaseSync {
  let sql: DatabaseSync | undefined;
  try {
    closeSync(openSync(file, "a", 0o600));
    chmodSync(file, 0o600);
    sql = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
    sql.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    sql.exec(`PRAGMA journal_size_limit = ${keptLogBytes}`);
    return sql;
  } catch (cause) {
    sql?.close();
    throw new DetailedError({
      code: "DATABASE_UNREADABLE",
      category: "failed-precondition",
      attempted: "open database",
      subject: file,
      found: "it cannot be opened as a database",
      remedy: "check its directory and permissions, or restore a snapshot",
      cause,
    });
  }
}
