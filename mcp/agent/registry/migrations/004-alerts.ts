import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** Alerts, so that an agent that is started again remembers what it announced. A row is one trouble of one
 * component from its first announcement to its end. */
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
  announced_at TEXT NOT NULL,
  recovered_at TEXT NOT NULL DEFAULT '',
  recovered_state TEXT NOT NULL DEFAULT '',
  announcements INTEGER NOT NULL DEFAULT 1,
  command TEXT NOT NULL DEFAULT 'none',
  command_error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX idx_alerts_service_time ON alerts(service, raised_at);
CREATE INDEX idx_alerts_time ON alerts(raised_at);
CREATE INDEX idx_alerts_announced ON alerts(announced_at);
CREATE INDEX idx_alerts_recovered ON alerts(recovered_at);
CREATE INDEX idx_alerts_pending ON alerts(command) WHERE command = 'pending';
`,
};
