export type SqlValue = string | number | Uint8Array | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** Statements in the dialect that SQLite and PostgreSQL share. Parameters are written `$1`, `$2`. Whole numbers, also
 * those of 64 bits, are numbers; there are no booleans, but 0 and 1; text sorts by its bytes. */
export interface Sql {
  query(statement: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** @returns how many rows it changed */
  execute(statement: string, values?: readonly SqlValue[]): Promise<number>;
}

/** A database that several programs can share where the engine allows it.
 *
 * All methods throw a DetailedError where the database cannot serve: DATABASE_FULL, DATABASE_UNAVAILABLE. */
export interface SqlDatabase extends Sql, AsyncDisposable {
  readonly engine: "sqlite" | "postgresql";
  /** Runs `body` in one serializable write transaction: all of it or, when it throws, nothing. Only through the `sql` that it
   * is given. Where the engine finds a conflict the body runs again, so it must have no other effects. */
  transaction<T>(body: (sql: Sql) => Promise<T>): Promise<T>;
}
