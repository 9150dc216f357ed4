import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";

/** Indices with which lists and pruning touch only what they return or delete, however much there is. */
export const retention: Migration = {
  name: "retention",
  sql: `
DROP INDEX idx_events_component_time;
CREATE INDEX idx_events_service_time ON events(service, timestamp);
DROP INDEX idx_operations_unfinished;
CREATE INDEX idx_operations_finished ON operations(finished_at);
CREATE INDEX idx_operations_time ON operations(started_at);
`,
};
