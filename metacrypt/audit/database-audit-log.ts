import { AsyncLocalStorage } from "node:async_hooks";
import type { Database } from "@metacircular/mcdsl/database/open.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import type { AuditEntry, AuditLog } from "./audit-log.ts";
import type { AuditStore } from "./audit-store.ts";

/** Writes entries into the database that holds the records, so that a change and its entry are one transaction. Every
 * commit is durable when it returns. */
export class DatabaseAuditLog implements AuditLog {
  readonly #database: Database;
  readonly #store: AuditStore;
  readonly #call = new AsyncLocalStorage<{ written: boolean }>();

  constructor(database: Database, store: AuditStore) {
    this.#database = database;
    this.#store = store;
  }

  change<T>(entry: AuditEntry | ((result: T) => AuditEntry), work: () => T): T {
    try {
      const result = this.#database.transaction(() => {
        const done = work();
        this.#store.append(typeof entry === "function" ? entry(done) : entry);
        return done;
      });
      this.#noteWritten();
      return result;
    } catch (thrown) {
      throw isOfDatabase(thrown) ? auditUnavailable(thrown) : thrown;
    }
  }

  record(entry: AuditEntry): void {
    this.change(entry, () => undefined);
  }

  /** Runs a call; where it writes no entry itself, `otherwise` is written when it has ended, in whatever way.
   * @throws what `call` throws, and DetailedError AUDIT_UNAVAILABLE in place of a result that cannot be written down */
  async during<T>(call: () => Promise<T>, otherwise: (thrown: unknown) => AuditEntry): Promise<T> {
    const state = { written: false };
    return this.#call.run(state, async () => {
      let result: T;
      try {
        result = await call();
      } catch (thrown) {
        this.record(otherwise(thrown));
        throw thrown;
      }
      if (!state.written) this.record(otherwise(undefined));
      return result;
    });
  }

  #noteWritten(): void {
    const state = this.#call.getStore();
    if (state !== undefined) state.written = true;
  }
}

/** SQLite's own failures: disk full, file gone, read-only, damaged, locked. */
function isOfDatabase(thrown: unknown): boolean {
  return systemCodeOf(thrown) === "ERR_SQLITE_ERROR";
}

function auditUnavailable(cause: unknown): DetailedError {
  return new DetailedError({
    code: "AUDIT_UNAVAILABLE",
    category: "unavailable",
    attempted: "do what was asked",
    found: "it cannot be written into the audit log, so it was not done",
    remedy: "look whether the disk of the database is full, read-only or failing",
    cause,
  });
}
