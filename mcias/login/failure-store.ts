import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Failures } from "./lock-delay.ts";

/** Names that don't exist are counted too, so that a lock tells nothing about existence. */
const MAX_ROWS = 10_000;

/** Table `login_failures`: wrong passwords in a row, by account name. Survives restarts. */
export class FailureStore {
  readonly #find: StatementSync;
  readonly #put: StatementSync;
  readonly #clear: StatementSync;
  readonly #forget: StatementSync;
  readonly #trim: StatementSync;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare("SELECT failures, last_at_ms FROM login_failures WHERE account = ?");
    this.#put = database.prepare(
      `INSERT INTO login_failures (account, failures, last_at_ms) VALUES (?, ?, ?)
       ON CONFLICT (account) DO UPDATE SET failures = excluded.failures, last_at_ms = excluded.last_at_ms`,
    );
    this.#clear = database.prepare("DELETE FROM login_failures WHERE account = ?");
    this.#forget = database.prepare("DELETE FROM login_failures WHERE last_at_ms <= ?");
    this.#trim = database.prepare(
      `DELETE FROM login_failures WHERE account IN (
         SELECT f.account FROM login_failures f LEFT JOIN accounts a ON a.name = f.account
         ORDER BY a.name IS NOT NULL, f.last_at_ms
         LIMIT max(0, (SELECT count(*) FROM login_failures) - ?))`,
    );
  }

  find(account: string): Failures | undefined {
    const row = this.#find.get(account) as { failures: number; last_at_ms: number } | undefined;
    return row === undefined ? undefined : { count: row.failures, lastAtMs: row.last_at_ms };
  }

  put(account: string, failures: Failures): void {
    this.#put.run(account, failures.count, failures.lastAtMs);
  }

  clear(account: string): void {
    this.#clear.run(account);
  }

  /** Drops what is older than `beforeMs`, and the oldest above the bound: unknown names first. */
  prune(beforeMs: number): void {
    this.#forget.run(beforeMs);
    this.#trim.run(MAX_ROWS);
  }
}
