import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** What the tags of running components named when they were last looked up. */
export const tags: Migration = {
  name: "tags",
  sql: `
CREATE TABLE tags (
  service TEXT NOT NULL,
  component TEXT NOT NULL,
  image TEXT NOT NULL,
  deployed_digest TEXT NOT NULL,
  running_digest TEXT NOT NULL,
  digest TEXT NOT NULL,
  moved INTEGER NOT NULL,
  moved_since TEXT NOT NULL DEFAULT '',
  checked_at TEXT NOT NULL DEFAULT '',
  error TEXT NOT NULL DEFAULT '',
  failed_at TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (service, component)
) STRICT;
`,
};
