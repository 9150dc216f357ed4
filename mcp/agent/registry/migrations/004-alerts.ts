import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** Alerts, so that an agent that is started again remembers what it announced. */
export const alerts: Migration = {
  name: "alerts",
  sql: `
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  type TEXT NOT NULL,
  service TEXT NOT NULL,
  component TEXT NOT NULL,
  desired_state TEXT NOT NULL,
  observed_state TEXT NOT NULL,
  prev_state TEXT NOT NULL,
  transitions INTEGER NOT NULL,
  raised_at TEXT NOT NULL,
  recovered_at TEXT NOT NULL DEFAULT '',
  command TEXT NOT NULL DEFAULT 'none',
  command_error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX idx_alerts_component ON alerts(service, component, type, raised_at);
CREATE INDEX idx_alerts_time ON alerts(raised_at);
`,
};
