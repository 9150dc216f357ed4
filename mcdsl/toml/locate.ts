import { type AST, ParseError, parseTOML } from "toml-eslint-parser";
import type { Path } from "./problem.ts";

/** Line and column, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Finds places in a file. A path that is not there is located at its nearest table, at worst at the start. */
export interface Locator {
  /** Where the key at the path stands; of an array's element: where the element stands. */
  key(path: Path): Place;
  /** Where the value at the path stands; of a table: its header. */
  value(path: Path): Place;
}

interface Entry {
  readonly key: Place;
  readonly value: Place;
}

const start: Place = { line: 1, column: 1 };

/** Places of the keys and values of a TOML text. */
export function locatorOf(text: string): Locator {
  const entries = entriesOf(text);
  return {
    key: (path) => nearest(entries, path)?.key ?? start,
    value: (path) => nearest(entries, path)?.value ?? start,
  };
}

/** Empty where this parser refuses what the one that reads the values accepts: a problem without its place is
 * better than none. */
function entriesOf(text: string): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  try {
    for (const node of parseTOML(text, { tomlVersion: "1.1" }).body[0].body) {
      if (node.type === "TOMLKeyValue") addKeyValue(entries, [], node);
      else addTable(entries, node);
    }
  } catch (thrown) {
    if (!(thrown instanceof ParseError)) throw thrown;
  }
  return entries;
}

function nearest(entries: ReadonlyMap<string, Entry>, path: Path): Entry | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const entry = entries.get(idOf(path.slice(0, length)));
    if (entry !== undefined) return entry;
  }
  return undefined;
}

function idOf(path: Path): string {
  return JSON.stringify(path);
}

function addTable(entries: Map<string, Entry>, table: AST.TOMLTable): void {
  const place = placeOf(table.key);
  for (let length = 1; length <= table.resolvedKey.length; length += 1) {
    add(entries, table.resolvedKey.slice(0, length), { key: place, value: place });
  }
  for (const child of table.body) addKeyValue(entries, table.resolvedKey, child);
}

function addKeyValue(entries: Map<string, Entry>, parent: Path, node: AST.TOMLKeyValue): void {
  const value = placeOf(node.value);
  const path = [...parent];
  for (const key of node.key.keys) {
    path.push(key.type === "TOMLBare" ? key.name : key.value);
    add(entries, [...path], { key: placeOf(key), value });
  }
  addContent(entries, path, node.value);
}

function addContent(entries: Map<string, Entry>, path: Path, node: AST.TOMLContentNode): void {
  if (node.type === "TOMLInlineTable") {
    for (const child of node.body) addKeyValue(entries, path, child);
  } else if (node.type === "TOMLArray") {
    for (const [index, element] of node.elements.entries()) {
      const place = placeOf(element);
      add(entries, [...path, index], { key: place, value: place });
      addContent(entries, [...path, index], element);
    }
  }
}

/** The first mention wins: a table that later headers extend stands where it began. */
function add(entries: Map<string, Entry>, path: Path, entry: Entry): void {
  const id = idOf(path);
  if (!entries.has(id)) entries.set(id, entry);
}

function placeOf(node: { loc: { start: { line: number; column: number } } }): Place {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 };
}
