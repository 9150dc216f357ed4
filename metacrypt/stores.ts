import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { type Database, openDatabase } from "@metacircular/mcdsl/database/open.ts";
import { AuditStore } from "./audit/audit-store.ts";
import { DatabaseAuditLog } from "./audit/database-audit-log.ts";
import { Barrier } from "./barrier/barrier.ts";
import { metacryptSchema } from "./migrations/001-metacrypt.ts";

/** Changes of the database's schema. */
export const MIGRATIONS = [{ name: "metacrypt", sql: metacryptSchema }];

/** The database, and what needs nothing else. */
export interface Stores extends Disposable {
  readonly database: Database;
  readonly barrier: Barrier;
  readonly auditStore: AuditStore;
  readonly audit: DatabaseAuditLog;
}

/** @throws DetailedError as `openDatabase` */
export function openStores(file: string, clock: Clock): Stores {
  const database = openDatabase({ file, migrations: MIGRATIONS });
  const auditStore = new AuditStore(database.sql, clock);
  const barrier = new Barrier(database, clock);
  return {
    database,
    barrier,
    auditStore,
    audit: new DatabaseAuditLog(database, auditStore),
    [Symbol.dispose]() {
      barrier[Symbol.dispose]();
      database[Symbol.dispose]();
    },
  };
}
