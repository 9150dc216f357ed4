import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** What was done, oldest first by `sequence`, and of each account how often and when it pulled which manifest. */
export const createAudit: Migration = {
  name: "create audit",
  sql: `
    CREATE TABLE audit_entry (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      at_ms INTEGER NOT NULL,
      action TEXT NOT NULL,
      outcome TEXT NOT NULL,
      account TEXT NOT NULL,
      account_kind TEXT NOT NULL,
      address TEXT NOT NULL,
      repository TEXT NOT NULL,
      reference TEXT NOT NULL,
      digest TEXT NOT NULL,
      detail TEXT NOT NULL
    ) STRICT;
    CREATE INDEX audit_entry_by_time ON audit_entry (at_ms);
    CREATE INDEX audit_entry_by_repository ON audit_entry (repository, sequence);
    CREATE INDEX audit_entry_by_account ON audit_entry (account, sequence);

    CREATE TABLE pull (
      repository TEXT NOT NULL,
      digest TEXT NOT NULL,
      account_kind TEXT NOT NULL,
      account TEXT NOT NULL,
      reference TEXT NOT NULL,
      pulls INTEGER NOT NULL,
      last_at_ms INTEGER NOT NULL,
      PRIMARY KEY (repository, digest, account_kind, account)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX pull_by_time ON pull (last_at_ms);
    CREATE INDEX pull_by_repository ON pull (repository, last_at_ms);
  `,
};
