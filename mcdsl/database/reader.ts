import { DatabaseSync } from "node:sqlite";

/** A second connection to a database that is open, which sees what is committed and nothing else, and cannot write. */
export function openReader(file: string, busyTimeoutMs: number): DatabaseSync {
  return new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs });
}
