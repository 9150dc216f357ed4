import { formatTable } from "@metacircular/mcdsl/commands/table.ts";
import type { Record } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";

/** Records as a table for people. */
export function recordTable(records: readonly Record[]): string[] {
  const rows = records.map(({ id, name, type, ttl, data, updatedBy }) => [
    id,
    name,
    ttl === 0 ? "default" : String(ttl),
    type,
    data,
    updatedBy,
  ]);
  return formatTable(["ID", "NAME", "TTL", "TYPE", "DATA", "BY"], rows);
}
