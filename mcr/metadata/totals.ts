import type { Sql } from "@metacircular/mcdsl/sql/sql.ts";
import type { Totals } from "./metadata.ts";
import { first, number } from "./rows.ts";

/** Adds up the counters of the repositories; only blobs are counted one by one. */
export async function totals(sql: Sql): Promise<Totals> {
  const repositories = await first(
    sql,
    `SELECT COUNT(*) AS repositories, COALESCE(SUM(manifests), 0) AS manifests, COALESCE(SUM(tags), 0) AS tags
     FROM repository`,
    [],
  );
  const blobs = await first(
    sql,
    "SELECT COUNT(*) AS blobs, COALESCE(SUM(size_bytes), 0) AS bytes FROM blob WHERE stored = 1",
    [],
  );
  const of = (row: typeof blobs, column: string): number => (row === undefined ? 0 : number(row, column));
  return {
    repositories: of(repositories, "repositories"),
    manifests: of(repositories, "manifests"),
    tags: of(repositories, "tags"),
    blobs: of(blobs, "blobs"),
    blobBytes: of(blobs, "bytes"),
  };
}
