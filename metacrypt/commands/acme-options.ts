import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { CommandContext } from "./context.ts";
import { formatTable } from "@metacircular/mcdsl/commands/table.ts";

/** RFC 3339; empty where there is none. */
export function momentOf(timestamp: Timestamp | undefined): string {
  return timestamp === undefined ? "" : timestampDate(timestamp).toISOString();
}

/** Prints rows as JSON, or as a table of some of their fields. */
export function printRows<Row extends Readonly<Record<string, unknown>>>(
  context: CommandContext,
  output: "table" | "json",
  rows: readonly Row[],
  columns: readonly (keyof Row & string)[],
): void {
  if (output === "json") return context.terminal.out(JSON.stringify(rows, undefined, 2));
  const cells = rows.map((row) => columns.map((column) => cellOf(row[column])));
  const header = columns.map((column) => column.replaceAll("_", " ").toUpperCase());
  for (const line of formatTable(header, cells)) context.terminal.out(line);
}

function cellOf(value: unknown): string {
  const text = Array.isArray(value) ? value.join(",") : String(value);
  return text === "" ? "-" : text;
}
