import { parse } from "smol-toml";

import { arrangeTables } from "./arrange.ts";
import { layoutNotUnderstood } from "./edit.ts";
import { editValues } from "./edit-values.ts";
import { isTable, isTables, sameValue, type Table } from "./print.ts";

/** The text, changed so that it means what is wanted. Only what differs is touched: everything else keeps its
 * place, its form and its comments. Comments go only with the line they stand on, and with a table that is removed,
 * where they stand in it or directly above it.
 * @param order keys in the order in which new ones are written
 * @throws DetailedError FILE_NOT_EDITABLE where that cannot be done */
export function rewriteToml(text: string, wanted: Table, order: readonly string[]): string {
  const old: Table = parse(text);
  if (sameValue(old, wanted)) return text;
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const complete = text === "" || text.endsWith("\n") ? text : text + newline;
  const arranged = arrangeAll(complete, [], old, wanted);
  const edited = editValues(arranged, parse(arranged), wanted, order);
  if (means(edited, wanted)) return edited;
  throw layoutNotUnderstood();
}

/** Arranges lists of tables from the outside inwards. */
function arrangeAll(text: string, path: readonly (string | number)[], old: Table, wanted: Table): string {
  let arranged = text;
  for (const [key, after] of Object.entries(wanted)) {
    const before = old[key];
    if (isTables(after) && isTables(before)) {
      const at = [...path, key];
      arranged = arrangeTables(arranged, at, before, after);
      const now = tablesAt(parse(arranged), at);
      for (const [index, table] of after.entries()) {
        arranged = arrangeAll(arranged, [...at, index], now[index] ?? {}, table);
      }
    } else if (isTable(after) && isTable(before)) {
      arranged = arrangeAll(arranged, [...path, key], before, after);
    }
  }
  return arranged;
}

function tablesAt(content: Table, path: readonly (string | number)[]): readonly Table[] {
  let value: unknown = content;
  for (const part of path) {
    value =
      typeof value === "object" && value !== null
        ? (value as Record<string | number, unknown>)[part]
        : undefined;
  }
  return isTables(value) ? value : [];
}

function means(text: string, wanted: Table): boolean {
  try {
    return sameValue(parse(text), wanted);
  } catch {
    return false;
  }
}
