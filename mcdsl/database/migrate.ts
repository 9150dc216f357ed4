import type { DatabaseSync } from "node:sqlite";
import { DetailedError } from "../errors.ts";

/** One change of the schema. Released ones never change; new ones are added at the end. */
export interface Migration {
  readonly name: string;
  /** One or more statements. */
  readonly sql: string;
}

/** Applies the migrations that the database lacks, each in a transaction of its own. */
export function migrate(sql: DatabaseSync, file: string, migrations: readonly Migration[]): void {
  while (applyNext(sql, file, migrations));
}

/** Returns whether there was one to apply. Reads the version under the write lock, so that of two programs
 * that open the same database only one applies it. */
function applyNext(sql: DatabaseSync, file: string, migrations: readonly Migration[]): boolean {
  sql.exec("BEGIN IMMEDIATE");
  let migration: Migration | undefined;
  try {
    const version = userVersion(sql);
    refuseNewer(file, version, migrations.length);
    migration = migrations[version];
    if (migration !== undefined) {
      sql.exec(migration.sql);
      sql.exec(`PRAGMA user_version = ${version + 1}`);
    }
    sql.exec("COMMIT");
    return migration !== undefined;
  } catch (cause) {
    if (sql.isTransaction) sql.exec("ROLLBACK");
    if (migration === undefined) throw cause;
    throw new DetailedError({
      code: "DATABASE_MIGRATION_FAILED",
      category: "failed-precondition",
      attempted: "migrate database",
      subject: file,
      found: `the change "${migration.name}" failed and was undone`,
      remedy: "restore the snapshot taken before the upgrade, or run the previous version",
      facts: { migration: migration.name },
      cause,
    });
  }
}

/** How many changes of the schema were applied. */
export function userVersion(sql: DatabaseSync): number {
  return Number(sql.prepare("PRAGMA user_version").get()?.["user_version"]);
}

/** @throws DetailedError DATABASE_TOO_NEW where the schema has changes that this program does not know */
export function refuseNewer(file: string, version: number, known: number): void {
  if (version <= known) return;
  throw new DetailedError({
    code: "DATABASE_TOO_NEW",
    category: "failed-precondition",
    attempted: "open database",
    subject: file,
    found: `its schema has version ${version}, this program knows up to ${known}`,
    remedy: "run the newer version of the program that wrote it",
    facts: { version: String(version), known: String(known) },
  });
}
