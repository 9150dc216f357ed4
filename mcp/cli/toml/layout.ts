import { type AST, parseTOML } from "toml-eslint-parser";

/** Where the parts of a table stand in a text. */
export interface TableView {
  readonly kind: "table";
  readonly entries: Map<string, EntryView>;
  /** Its header; undefined for the top of the file and for tables made by dotted keys. */
  header: AST.TOMLTable | undefined;
  /** Lines that declare its keys, where they stand below its header or at the top of the file. */
  readonly lines: AST.TOMLKeyValue[];
  /** Of a table made by dotted keys: what stands before its own keys, and the lines that do. */
  readonly dotted: { readonly prefix: string; readonly lines: AST.TOMLKeyValue[] } | undefined;
}

/** Tables `[[name]]`, in the order of the file. */
interface TablesView {
  readonly kind: "tables";
  readonly elements: TableView[];
}

interface LeafView {
  readonly kind: "leaf";
  readonly line: AST.TOMLKeyValue;
}

type EntryView = TableView | TablesView | LeafView;

/** A text with its comments and the layout of its tables. */
export interface Layout {
  readonly text: string;
  readonly newline: "\n" | "\r\n";
  readonly comments: readonly AST.Comment[];
  readonly headers: readonly AST.TOMLTable[];
  readonly root: TableView;
}

/** @throws the parser's error where the text is not TOML */
export function layoutOf(text: string): Layout {
  const program = parseTOML(text, { tomlVersion: "1.1" });
  const root = emptyTable(undefined);
  const headers: AST.TOMLTable[] = [];
  for (const node of program.body[0].body) {
    if (node.type === "TOMLKeyValue") addLine(root, node, text);
    else {
      headers.push(node);
      const table = tableAt(root, node.resolvedKey);
      table.header = node;
      for (const line of node.body) addLine(table, line, text);
    }
  }
  return { text, newline: text.includes("\r\n") ? "\r\n" : "\n", comments: program.comments, headers, root };
}

/** The view at a path of keys and indexes, or undefined. */
export function viewAt(root: TableView, path: readonly (string | number)[]): EntryView | undefined {
  let view: EntryView | undefined = root;
  for (const part of path) {
    if (typeof part === "number") view = view?.kind === "tables" ? view.elements[part] : undefined;
    else view = view?.kind === "table" ? view.entries.get(part) : undefined;
  }
  return view;
}

export function keyName(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === "TOMLBare" ? key.name : key.value;
}

function emptyTable(dotted: TableView["dotted"]): TableView {
  return { kind: "table", entries: new Map(), header: undefined, lines: [], dotted };
}

/** The table that a header names; those on the way are made. */
function tableAt(root: TableView, path: readonly (string | number)[]): TableView {
  let table = root;
  for (const [position, part] of path.entries()) {
    if (typeof part === "number") continue;
    const index = path[position + 1];
    const existing = table.entries.get(part);
    if (typeof index === "number") {
      const tables: TablesView = existing?.kind === "tables" ? existing : { kind: "tables", elements: [] };
      table.entries.set(part, tables);
      table = tables.elements[index] ??= emptyTable(undefined);
    } else {
      const inner = existing?.kind === "table" ? existing : emptyTable(undefined);
      table.entries.set(part, inner);
      table = inner;
    }
  }
  return table;
}

function addLine(table: TableView, line: AST.TOMLKeyValue, text: string): void {
  table.lines.push(line);
  const { keys } = line.key;
  let owner = table;
  for (const [position, key] of keys.entries()) {
    if (position === keys.length - 1) {
      owner.entries.set(keyName(key), { kind: "leaf", line });
      return;
    }
    const prefix = text.slice(line.key.range[0], keys[position + 1]?.range[0]);
    const existing = owner.entries.get(keyName(key));
    const inner = existing?.kind === "table" ? existing : emptyTable({ prefix, lines: [] });
    inner.dotted?.lines.push(line);
    owner.entries.set(keyName(key), inner);
    owner = inner;
  }
}
