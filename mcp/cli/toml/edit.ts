import { isDeepStrictEqual } from "node:util";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { parse, stringify, type TomlTable } from "smol-toml";

import { endOfLine, parseSource, startOfLine, tablesOf, topLevelEntry } from "./source.ts";
import { startOfComment } from "./splice.ts";

/** Sets a key at the top of the file, in place. A new key goes below `after`, which must be there.
 * Everything else keeps its place, its form and its comments. */
export function setTopLevel(text: string, key: string, value: boolean | string, after: string): string {
  const source = parseSource(text);
  const existing = topLevelEntry(source, key);
  const written = typeof value === "string" ? JSON.stringify(value) : String(value);
  let edited: string;
  if (existing !== undefined) {
    const [start, end] = existing.value.range;
    edited = text.slice(0, start) + written + text.slice(end);
  } else {
    const anchor = topLevelEntry(source, after);
    const at = anchor === undefined ? 0 : endOfLine(text, anchor.range[1]);
    edited = insertLines(text, at, `${key} = ${written}${source.newline}`, source.newline);
  }
  return checked(text, edited, (before) => ({ ...before, [key]: value }));
}

/** Adds a table `[[name]]` below the last one of that name, or at the end of the file. */
export function appendTable(text: string, name: string, table: TomlTable): string {
  const source = parseSource(text);
  refuseInline(text, name);
  const block =
    `[[${name}]]\n${stringify(table)}`.trimEnd().replaceAll("\n", source.newline) + source.newline;
  const last = tablesOf(source, name).at(-1);
  const at = last === undefined ? text.length : endOfLine(text, last.range[1]);
  const separator = at === 0 || /\n\r?\n$/.test(text.slice(0, at)) ? "" : source.newline;
  const edited = insertLines(text, at, separator + block, source.newline);
  return checked(text, edited, (before) => ({ ...before, [name]: [...listOf(before, name), table] }));
}

/** Removes the table `[[name]]` at the index, with the comment that stands directly above it. */
export function removeTable(text: string, name: string, index: number): string {
  const source = parseSource(text);
  refuseInline(text, name);
  const table = tablesOf(source, name)[index];
  if (table === undefined) throw new RangeError(`there is no [[${name}]] number ${index}`);
  const start = startOfComment(text, startOfLine(text, table.range[0]));
  let end = endOfLine(text, table.range[1]);
  const blank = /^(?:[ \t]*\r?\n)+/.exec(text.slice(end));
  if (blank !== null) end += blank[0].length;
  let edited = text.slice(0, start) + text.slice(end);
  if (end === text.length) edited = edited.replace(/(\r?\n)(?:[ \t]*\r?\n)+$/, "$1");
  return checked(text, edited, (before) => withList(before, name, listOf(before, name).toSpliced(index, 1)));
}

function insertLines(text: string, at: number, lines: string, newline: string): string {
  const before = text.slice(0, at);
  const complete = before === "" || before.endsWith("\n") ? before : before + newline;
  return complete + lines + text.slice(at);
}

function listOf(content: TomlTable, name: string): TomlTable[] {
  const list = content[name];
  return Array.isArray(list) ? (list as TomlTable[]) : [];
}

function withList(content: TomlTable, name: string, list: TomlTable[]): TomlTable {
  if (list.length > 0) return { ...content, [name]: list };
  const { [name]: removed, ...rest } = content;
  return removed === undefined ? content : rest;
}

function refuseInline(text: string, name: string): void {
  if (topLevelEntry(parseSource(text), name) === undefined) return;
  throw new DetailedError({
    code: "FILE_NOT_EDITABLE",
    category: "failed-precondition",
    attempted: "edit",
    subject: name,
    found: `it is written as an inline array`,
    remedy: `write each entry as a [[${name}]] table`,
  });
}

/** The edited text, if it means exactly what it should: the operator's file is never guessed at. */
function checked(text: string, edited: string, wanted: (before: TomlTable) => TomlTable): string {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  if (isDeepStrictEqual(plain(parse(edited)), plain(wanted(parse(text))))) return edited;
  throw layoutNotUnderstood();
}

export function layoutNotUnderstood(): DetailedError {
  return new DetailedError({
    code: "FILE_NOT_EDITABLE",
    category: "failed-precondition",
    attempted: "edit file",
    found: "its layout is not understood",
    remedy: "make the change by hand",
  });
}
