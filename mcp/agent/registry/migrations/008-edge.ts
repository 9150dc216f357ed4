import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** Certificates, routes and records that the agent has set, or still has to set or to take away. They outlive their
 * service where taking them away has to wait. */
export const edge: Migration = {
  name: "edge",
  sql: `
CREATE TABLE edge_effects (
  kind TEXT NOT NULL,
  port INTEGER NOT NULL,
  hostname TEXT NOT NULL,
  service TEXT NOT NULL,
  component TEXT NOT NULL,
  route TEXT NOT NULL,
  mode TEXT NOT NULL,
  target TEXT NOT NULL,
  wanted INTEGER NOT NULL,
  pending_code TEXT NOT NULL DEFAULT '',
  pending_reason TEXT NOT NULL DEFAULT '',
  pending_since TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, port, hostname)
) STRICT;
CREATE INDEX idx_edge_effects_service ON edge_effects(service);
`,
};
