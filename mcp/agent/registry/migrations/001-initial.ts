import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** The tables of the v1 document, and what deploying needs beyond them. Times are ISO 8601 in UTC. */
export const initial: Migration = {
  name: "initial",
  sql: `
CREATE TABLE services (
  name TEXT PRIMARY KEY,
  active INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE components (
  name TEXT NOT NULL,
  service TEXT NOT NULL REFERENCES services(name) ON DELETE CASCADE,
  position INTEGER NOT NULL DEFAULT 0,
  image TEXT NOT NULL,
  network TEXT NOT NULL DEFAULT '',
  user_spec TEXT NOT NULL DEFAULT '',
  restart TEXT NOT NULL DEFAULT 'unless-stopped',
  update_strategy TEXT NOT NULL DEFAULT 'auto',
  health TEXT NOT NULL DEFAULT '',
  desired_state TEXT NOT NULL DEFAULT 'running',
  observed_state TEXT NOT NULL DEFAULT 'unknown',
  observed_at TEXT NOT NULL DEFAULT '',
  observed_from TEXT NOT NULL DEFAULT 'registry',
  exit_code INTEGER,
  started_at TEXT NOT NULL DEFAULT '',
  version TEXT NOT NULL DEFAULT '',
  image_digest TEXT NOT NULL DEFAULT '',
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (service, name)
) STRICT;

CREATE TABLE component_ports (
  service TEXT NOT NULL,
  component TEXT NOT NULL,
  position INTEGER NOT NULL,
  mapping TEXT NOT NULL,
  PRIMARY KEY (service, component, mapping),
  FOREIGN KEY (service, component) REFERENCES components(service, name) ON DELETE CASCADE
) STRICT;

CREATE TABLE component_volumes (
  service TEXT NOT NULL,
  component TEXT NOT NULL,
  position INTEGER NOT NULL,
  mapping TEXT NOT NULL,
  PRIMARY KEY (service, component, mapping),
  FOREIGN KEY (service, component) REFERENCES components(service, name) ON DELETE CASCADE
) STRICT;

CREATE TABLE component_cmd (
  service TEXT NOT NULL,
  component TEXT NOT NULL,
  position INTEGER NOT NULL,
  arg TEXT NOT NULL,
  PRIMARY KEY (service, component, position),
  FOREIGN KEY (service, component) REFERENCES components(service, name) ON DELETE CASCADE
) STRICT;

CREATE TABLE component_env (
  service TEXT NOT NULL,
  component TEXT NOT NULL,
  position INTEGER NOT NULL,
  assignment TEXT NOT NULL,
  PRIMARY KEY (service, component, position),
  FOREIGN KEY (service, component) REFERENCES components(service, name) ON DELETE CASCADE
) STRICT;

CREATE TABLE component_routes (
  service TEXT NOT NULL,
  component TEXT NOT NULL,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  port INTEGER NOT NULL,
  mode TEXT NOT NULL,
  hostname TEXT NOT NULL,
  host_port INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (service, component, name),
  FOREIGN KEY (service, component) REFERENCES components(service, name) ON DELETE CASCADE
) STRICT;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  service TEXT NOT NULL,
  component TEXT NOT NULL,
  prev_state TEXT NOT NULL,
  new_state TEXT NOT NULL,
  timestamp TEXT NOT NULL
) STRICT;
CREATE INDEX idx_events_component_time ON events(service, component, timestamp);
CREATE INDEX idx_events_time ON events(timestamp);

CREATE TABLE operations (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  service TEXT NOT NULL,
  component TEXT NOT NULL DEFAULT '',
  caller TEXT NOT NULL,
  intent TEXT NOT NULL,
  before TEXT NOT NULL DEFAULT '[]',
  steps TEXT NOT NULL DEFAULT '[]',
  step INTEGER NOT NULL DEFAULT 0,
  failures TEXT NOT NULL DEFAULT '{}',
  reverting TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 1,
  outcome TEXT NOT NULL DEFAULT '',
  results TEXT NOT NULL DEFAULT '[]',
  revision INTEGER NOT NULL DEFAULT 0,
  started_at TEXT NOT NULL,
  finished_at TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX idx_operations_service_time ON operations(service, started_at);
CREATE INDEX idx_operations_unfinished ON operations(finished_at) WHERE finished_at = '';

CREATE TABLE revisions (
  service TEXT NOT NULL,
  number INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  caller TEXT NOT NULL,
  operation TEXT NOT NULL,
  spec TEXT NOT NULL,
  spec_hash TEXT NOT NULL,
  digests TEXT NOT NULL,
  PRIMARY KEY (service, number)
) STRICT;
`,
};
