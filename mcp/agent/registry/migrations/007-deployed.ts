import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** Which version of a component was deployed, since another one may be declared already. */
export const deployed: Migration = {
  name: "deployed",
  sql: "ALTER TABLE components ADD COLUMN deployed_spec_hash TEXT NOT NULL DEFAULT ''",
};
