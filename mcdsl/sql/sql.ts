export type SqlValue = string | number | Uint8Array | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** Statements in the dialect that SQLite and PostgreSQL share. Parameters are written `$1`, `$2`. Whole numbers, also
 * those of 64 bits, are numbers; there are no booleans, but 0 and 1; text sorts by its bytes.
 *
 * What both understand: `INSERT … ON CONFLICT (…) DO UPDATE SET a = excluded.a`, `RETURNING`, `CASE WHEN EXISTS (…) THEN 1
 * ELSE 0 END`, `COALESCE`, partial indexes, `LIMIT $1`, row values `(a, b) > ($1, $2)`, common table expressions. What they
 * do not: `MAX(a, b)` of two values (write a CASE), `IFNULL`, `INSERT OR …`, `rowid`, a truth value as a number,
 * a parameter whose type only its value tells (write `CAST($1 AS BIGINT)` or `CAST($1 AS TEXT)`). */
export interface Sql {
  /** Outside a transaction it must only read; inside one it may be a statement with `RETURNING` as well. */
  query(statement: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** @returns how many rows it changed */
  execute(statement: string, values?: readonly SqlValue[]): Promise<number>;
}

export interface TransactionOptions {
  /** Ends the wait for its turn, and the wait between two tries; a try that runs is rolled back. */
  readonly signal?: AbortSignal;
}

/** A database that several programs can share where the engine allows it.
 *
 * All methods throw a DetailedError where the database cannot serve: DATABASE_WRITE_FAILED (full or failing disk),
 * DATABASE_UNAVAILABLE, DATABASE_BUSY, DATABASE_TIMEOUT. */
export interface SqlDatabase extends Sql, AsyncDisposable {
  readonly engine: "sqlite" | "postgresql";
  /** Runs `body` in one serializable write transaction: all of it or, when it throws, nothing. Only through the `sql` that it
   * is given. Where the engine finds a conflict the body runs again, at last alone, so it must have no other effects. It must not wait for
   * anything but the database: others wait for it. */
  transaction<T>(body: (sql: Sql) => Promise<T>, options?: TransactionOptions): Promise<T>;
}
