import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** What the agent does about drift by itself, and facts about the node that outlive a restart of the agent. */
export const repairs: Migration = {
  name: "repairs",
  sql: `
CREATE TABLE repairs (
  service TEXT NOT NULL,
  component TEXT NOT NULL,
  state TEXT NOT NULL,
  cause TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  reason TEXT NOT NULL,
  log TEXT NOT NULL,
  next_at TEXT NOT NULL,
  since TEXT NOT NULL,
  PRIMARY KEY (service, component),
  FOREIGN KEY (service, component) REFERENCES components(service, name) ON DELETE CASCADE
) STRICT;

CREATE TABLE node_facts (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
`,
};
