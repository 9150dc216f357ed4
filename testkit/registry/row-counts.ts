import { DatabaseSync } from "node:sqlite";

/** Rows of each table of a database that a program has open. */
export function rowCounts(file: string): Record<string, number> {
  using database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .all()
    .map(({ name }) => String(name));
  return Object.fromEntries(
    tables.map((table) => {
      const row = database.prepare(`SELECT COUNT(*) AS number FROM "${table}"`).get();
      return [table, Number(row?.["number"])];
    }),
  );
}
