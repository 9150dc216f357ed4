import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** Files that are being pushed, so that the unfinished ones of an agent that died can be found. */
export const uploads: Migration = {
  name: "uploads",
  sql: `
CREATE TABLE uploads (
  name TEXT PRIMARY KEY,
  service TEXT NOT NULL,
  path TEXT NOT NULL,
  started_at TEXT NOT NULL
) STRICT;
`,
};
