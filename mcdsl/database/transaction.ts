import type { DatabaseSync } from "node:sqlite";

export type RunInTransaction = <T>(body: () => T) => T;

/** Transactions of one connection: the outermost is `BEGIN IMMEDIATE`, those inside it are savepoints. */
export function createTransaction(sql: DatabaseSync): RunInTransaction {
  let depth = 0;
  return function transaction(body) {
    const statements = depth === 0 ? outermost : savepoint(depth);
    sql.exec(statements.begin);
    depth += 1;
    try {
      const result = body();
      if (result instanceof Promise) {
        throw new TypeError("a transaction's body must be synchronous: it would commit before the body ends");
      }
      sql.exec(statements.commit);
      return result;
    } catch (thrown) {
      if (sql.isTransaction) sql.exec(statements.rollback);
      throw thrown;
    } finally {
      depth -= 1;
    }
  };
}

const outermost = { begin: "BEGIN IMMEDIATE", commit: "COMMIT", rollback: "ROLLBACK" };

function savepoint(depth: number): typeof outermost {
  const name = `nested_${depth}`;
  return {
    begin: `SAVEPOINT ${name}`,
    commit: `RELEASE ${name}`,
    rollback: `ROLLBACK TO ${name}; RELEASE ${name}`,
  };
}
