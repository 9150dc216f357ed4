import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** What the agent does about drift by itself, and facts about the node that outlive a restart of the agent. */
export const repairs: Migration = {
  name: "repairs",
  sql: `
CREATE TABLE repairs (
  service TEXT NOT NULL,
  component TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  log TEXT NOT NULL DEFAULT '[]',
  next_at TEXT NOT NULL DEFAULT '',
  updated_at TEXT NOT NULL,
  PRIMARY KEY (service, component)
) STRICT;

CREATE TABLE node_facts (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
`,
};
