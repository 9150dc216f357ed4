import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** Containers that somebody else created, what a container was seen to be made from, and who repairs. */
export const adoption: Migration = {
  name: "adoption",
  sql: `
ALTER TABLE services ADD COLUMN reconcile INTEGER;
ALTER TABLE components ADD COLUMN adopted_container TEXT NOT NULL DEFAULT '';
ALTER TABLE components ADD COLUMN adopted_spec_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE components ADD COLUMN observed_spec_hash TEXT NOT NULL DEFAULT '';
`,
};
