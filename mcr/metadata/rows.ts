import type { Sql, SqlRow, SqlValue } from "@metacircular/mcdsl/sql/sql.ts";
import { type Digest, parseDigest } from "../digest.ts";

/** The first row, if there is one. */
export async function first(
  sql: Sql,
  statement: string,
  values: readonly SqlValue[],
): Promise<SqlRow | undefined> {
  const [row] = await sql.query(statement, values);
  return row;
}

export function text(row: SqlRow, column: string): string {
  return String(row[column]);
}

export function number(row: SqlRow, column: string): number {
  return Number(row[column]);
}

export function bytes(row: SqlRow, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new TypeError(`column ${column} holds no bytes`);
  return value;
}

export function digestOf(row: SqlRow, column = "digest"): Digest {
  const digest = parseDigest(text(row, column));
  if (digest === undefined) throw new TypeError(`column ${column} holds no digest`);
  return digest;
}

/** `$2, $3, $4` for three values after the first. */
export function placeholders(count: number, from: number): string {
  return Array.from({ length: count }, (_, index) => `$${from + index}`).join(", ");
}

/** Parts of at most `size`, so that no statement has more parameters than an engine takes. */
export function* chunks<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
