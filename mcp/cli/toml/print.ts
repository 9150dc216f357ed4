import { isDeepStrictEqual } from "node:util";

import { stringify } from "smol-toml";

/** A table as the parser gives it. */
export type Table = Readonly<Record<string, unknown>>;

/** Longest line before a list goes over several. */
const widestLine = 100;

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

export function isTables(value: unknown): value is readonly Table[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTable);
}

/** Whether two values are the same TOML, whatever the order of keys. */
export function sameValue(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(plainCopy(a), plainCopy(b));
}

/** The value as objects and lists only, without the parser's prototypes. */
export function plainCopy(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

/** A value on one line. */
export function printValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printValue).join(", ")}]`;
  if (!isTable(value)) return stringify({ v: value }).trim().slice("v = ".length);
  const entries = Object.entries(value).map(([key, inner]) => `${printKey(key)} = ${printValue(inner)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

export function printKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}

/** `key = value`; a list that is too long for a line has one entry per line. */
export function printEntry(key: string, value: unknown): string {
  const line = `${key} = ${printValue(value)}`;
  if (line.length <= widestLine || !Array.isArray(value) || value.length < 2) return line;
  return [`${key} = [`, ...value.map((item) => `  ${printValue(item)},`), "]"].join("\n");
}

/** A whole document: plain keys first, then tables, each below a blank line. Ends with a line end. */
export function printDocument(content: Table): string {
  return `${printBody([], content).join("\n")}\n`;
}

/** A table with its header, `[keys]` or `[[keys]]`, and all within it. Ends with a line end. */
export function printTable(keys: readonly string[], table: Table, header: "single" | "array"): string {
  const name = keys.map(printKey).join(".");
  const body = printBody(keys, table);
  const onlyTables = header === "single" && body[0] === "";
  if (onlyTables) return `${body.slice(1).join("\n")}\n`;
  return `${[header === "array" ? `[[${name}]]` : `[${name}]`, ...body].join("\n")}\n`;
}

function printBody(keys: readonly string[], table: Table): string[] {
  const lines: string[] = [];
  const entries = Object.entries(table);
  for (const [key, value] of entries) {
    if (!isTable(value) && !isTables(value)) lines.push(printEntry(printKey(key), value));
  }
  for (const [key, value] of entries) {
    const inner = isTables(value) ? value : isTable(value) ? [value] : [];
    const header = isTables(value) ? "array" : "single";
    for (const each of inner) {
      if (keys.length > 0 || lines.length > 0) lines.push("");
      lines.push(printTable([...keys, key], each, header).trimEnd());
    }
  }
  return lines;
}
