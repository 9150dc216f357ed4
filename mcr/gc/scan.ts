import { setImmediate } from "node:timers/promises";
import type { Sql, SqlRow, SqlValue } from "@metacircular/mcdsl/sql/sql.ts";
import { text } from "../metadata/rows.ts";

const rowsPerPage = 200;

/** Reads a table by its key, a page at a time, with a pause before each in which requests have their turn.
 * @param statement ends with `ORDER BY <key> LIMIT $2`, and begins after the key `$1`; further parameters from `$3`
 * @param key column of the result */
export async function* pages(
  sql: Sql,
  statement: string,
  options: { readonly key: string; readonly values?: readonly SqlValue[]; readonly signal: AbortSignal },
): AsyncGenerator<readonly SqlRow[]> {
  const { key, values = [], signal } = options;
  let after = "";
  for (;;) {
    signal.throwIfAborted();
    // Before the first as well: very many small tables are as long as a large one.
    await setImmediate();
    const rows = await sql.query(statement, [after, rowsPerPage, ...values]);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = text(last, key);
    yield rows;
    if (rows.length < rowsPerPage) return;
  }
}
