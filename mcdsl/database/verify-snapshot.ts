import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { DetailedError, messageOf } from "../errors.ts";
import { type Migration, refuseNewer, userVersion } from "./migrate.ts";

/** Opens a snapshot, without changing it, as the database that `migrations` describe: a schema that is known, with
 * all its tables, and data that pass SQLite's own checks. Returns the version of its schema.
 * @throws DetailedError SNAPSHOT_INVALID, DATABASE_TOO_NEW */
export function verifySnapshot(file: string, migrations: readonly Migration[]): number {
  let found: string | undefined;
  let cause: unknown;
  try {
    using sql = openStill(file);
    const version = userVersion(sql);
    refuseNewer(file, version, migrations.length);
    found = firstProblem(sql, migrations.slice(0, version));
    if (found === undefined) return version;
  } catch (thrown) {
    if (thrown instanceof DetailedError) throw thrown;
    found = messageOf(thrown);
    cause = thrown;
  }
  throw new DetailedError({
    code: "SNAPSHOT_INVALID",
    category: "failed-precondition",
    attempted: "use snapshot",
    subject: file,
    found,
    remedy: "use another one",
    cause,
  });
}

/** Opens a database that no program has open, for reading. Leaves nothing beside it. */
export function openStill(file: string): DatabaseSync {
  // SQLite would make a log and an index for it; a log that is there belongs to the content.
  if (existsSync(`${file}-wal`) || !existsSync(file)) return new DatabaseSync(file, { readOnly: true });
  const url = pathToFileURL(file);
  url.searchParams.set("immutable", "1");
  return new DatabaseSync(url, { readOnly: true });
}

function firstProblem(sql: DatabaseSync, migrations: readonly Migration[]): string | undefined {
  const integrity = String(sql.prepare("PRAGMA integrity_check(1)").get()?.["integrity_check"]);
  if (integrity !== "ok") return `integrity check: ${integrity}`;
  const row = sql.prepare("PRAGMA foreign_key_check").get();
  if (row !== undefined) return `a row of table ${String(row["table"])} refers to one that is not there`;
  if (migrations.length === 0) return "it is not a database of this program";
  const tables = tableNames(sql);
  const missing = tablesAfter(migrations).filter((name) => !tables.includes(name));
  return missing.length === 0
    ? undefined
    : `it is not a database of this program: there is no table ${missing[0]}`;
}

/** What a new database has after these changes. */
function tablesAfter(migrations: readonly Migration[]): string[] {
  using sql = new DatabaseSync(":memory:");
  for (const migration of migrations) sql.exec(migration.sql);
  return tableNames(sql);
}

function tableNames(sql: DatabaseSync): string[] {
  return sql
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map((row) => String(row["name"]));
}
