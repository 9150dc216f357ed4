import type { AST } from "toml-eslint-parser";

import { removal, segmentsOf } from "./arrange.ts";
import { type ArrayItem, editArray, keepsPlaces } from "./edit-array.ts";
import { keyName, type Layout, layoutOf, type TableView } from "./layout.ts";
import { matchInOrder, matchTables, onlyRising } from "./match.ts";
import {
  isTable,
  isTables,
  printEntry,
  printKey,
  printTable,
  printValue,
  sameValue,
  type Table,
} from "./print.ts";
import { endOfLine, startOfLine } from "./source.ts";
import { indentAt, type Splice, spliced } from "./splice.ts";

type Path = readonly (string | number)[];

/** Changes values, adds keys and removes keys, so that the text declares what is wanted. Tables `[[…]]` must be
 * there already, as many as wanted. What is equal keeps its form.
 * @param order keys in the order in which new ones are written */
export function editValues(text: string, old: Table, wanted: Table, order: readonly string[]): string {
  const editor = new ValueEditor(layoutOf(text), order);
  editor.table(editor.layout.root, [], old, wanted);
  return spliced(text, editor.splices);
}

class ValueEditor {
  readonly splices: Splice[] = [];
  readonly layout: Layout;
  readonly #order: readonly string[];

  constructor(layout: Layout, order: readonly string[]) {
    this.layout = layout;
    this.#order = order;
  }

  table(view: TableView, path: Path, old: Table, wanted: Table): void {
    for (const [key, entry] of view.entries) {
      const [before, after] = [old[key], wanted[key]];
      if (after === undefined) this.#remove(entry, [...path, key]);
      else if (sameValue(before, after)) continue;
      else if (entry.kind === "leaf") this.#value(entry.line.value, before, after);
      else if (entry.kind === "table") this.table(entry, [...path, key], asTable(before), asTable(after));
      else {
        for (const [index, element] of entry.elements.entries()) {
          this.table(element, [...path, key, index], elementOf(before, index), elementOf(after, index));
        }
      }
    }
    const added = Object.keys(wanted).filter((key) => !view.entries.has(key));
    for (const key of added.toSorted((a, b) => this.#rank(a) - this.#rank(b))) {
      this.#add(view, path, key, wanted[key]);
    }
  }

  #remove(entry: TableView["entries"] extends Map<string, infer View> ? View : never, path: Path): void {
    const { text } = this.layout;
    if (entry.kind === "leaf") return this.#removeLine(entry.line);
    if (entry.kind === "table") for (const line of entry.dotted?.lines ?? []) this.#removeLine(line);
    for (const segment of segmentsOf(this.layout, path)) this.splices.push(removal(text, segment));
  }

  #removeLine(line: AST.TOMLKeyValue): void {
    const { text } = this.layout;
    const [start, end] = line.range;
    this.splices.push({ start: startOfLine(text, start), end: endOfLine(text, end), text: "" });
  }

  #value(node: AST.TOMLContentNode, before: unknown, after: unknown): void {
    if (node.type === "TOMLInlineTable" && isTable(before) && isTable(after) && isPlain(node)) {
      return this.#inlineTable(node, before, after);
    }
    if (node.type === "TOMLArray" && Array.isArray(before) && Array.isArray(after)) {
      const items = itemsOf(before, after);
      if (keepsPlaces(this.layout, node, items)) {
        for (const { from, value, changed } of items) {
          const element = from === undefined || !changed ? undefined : node.elements[from];
          if (element !== undefined && from !== undefined) this.#value(element, before[from], value);
        }
      }
      this.splices.push(...editArray(this.layout, node, items));
      return;
    }
    const [start, end] = node.range;
    this.splices.push({ start, end, text: printValue(after) });
  }

  #inlineTable(node: AST.TOMLInlineTable, before: Table, after: Table): void {
    if (Object.keys(before).every((key) => after[key] === undefined)) {
      const [start, end] = node.range;
      this.splices.push({ start, end, text: printValue(after) });
      return;
    }
    const keys = new Set<string>();
    for (const [index, { key, value, range }] of node.body.entries()) {
      const name = key.keys.map(keyName).join(".");
      keys.add(name);
      if (after[name] === undefined) {
        const next = node.body[index + 1];
        const previous = node.body[index - 1];
        const lastKept = node.body
          .slice(index + 1)
          .every((rest) => after[rest.key.keys.map(keyName).join(".")] === undefined);
        const start = lastKept && previous !== undefined ? previous.range[1] : range[0];
        this.splices.push({
          start,
          end: lastKept || next === undefined ? range[1] : next.range[0],
          text: "",
        });
      } else if (!sameValue(before[name], after[name])) this.#value(value, before[name], after[name]);
    }
    const last = node.body.at(-1);
    const added = Object.entries(after).filter(([key]) => !keys.has(key));
    if (added.length === 0) return;
    const text = added.map(([key, value]) => `${printKey(key)} = ${printValue(value)}`).join(", ");
    const at = last?.range[1] ?? node.range[0] + 1;
    this.splices.push({ start: at, end: at, text: last === undefined ? ` ${text} ` : `, ${text}` });
  }

  #add(view: TableView, path: Path, key: string, value: unknown): void {
    const { text, newline } = this.layout;
    if (view.dotted !== undefined) {
      const last = view.dotted.lines.at(-1);
      const at = last === undefined ? text.length : endOfLine(text, last.range[1]);
      const indent = last === undefined ? "" : indentAt(text, last.range[0]);
      return this.#insertLines(at, indent, printEntry(view.dotted.prefix + printKey(key), value));
    }
    if (isTable(value) || isTables(value)) {
      const keys = [...path, key].filter((part) => typeof part === "string");
      const at = segmentsOf(this.layout, path).at(-1)?.end ?? text.length;
      const tables = isTables(value) ? value : [value];
      const blocks = tables.map((table) =>
        printTable(keys, asTable(table), isTables(value) ? "array" : "single"),
      );
      const block = blocks.map((each) => newline + each.replaceAll("\n", newline)).join("");
      this.splices.push({ start: at, end: at, text: block });
      return;
    }
    const anchor = view.lines.findLast(
      ({
        key: {
          keys: [other],
        },
      }) => other !== undefined && this.#rank(keyName(other)) < this.#rank(key),
    );
    const node = anchor ?? view.header?.key;
    const at = node === undefined ? 0 : endOfLine(text, node.range[1]);
    const [first] = view.lines;
    const indent = indentAt(text, (anchor ?? first ?? view.header)?.range[0] ?? 0);
    this.#insertLines(at, indent, printEntry(printKey(key), value));
  }

  #insertLines(at: number, indent: string, lines: string): void {
    const { newline } = this.layout;
    const text = lines
      .split("\n")
      .map((line) => indent + line + newline)
      .join("");
    this.splices.push({ start: at, end: at, text });
  }

  #rank(key: string): number {
    const rank = this.#order.indexOf(key);
    return rank < 0 ? this.#order.length : rank;
  }
}

/** Which entries of a list stay: those that are equal; of tables and `KEY=VALUE` also those that are only changed. */
function itemsOf(before: readonly unknown[], after: readonly unknown[]): ArrayItem[] {
  const matches =
    isTables(before) && isTables(after)
      ? matchTables(before, after)
      : matchInOrder(before.map(identityOf), after.map(identityOf));
  const rising = onlyRising(matches);
  return after.map((value, index) => {
    const [match, from] = [matches[index], rising[index]];
    const changed = from !== undefined && !sameValue(before[from], value);
    return { from, movedFrom: from === match ? undefined : match, changed, value };
  });
}

/** What an entry is known by when its value changes: of `KEY=VALUE` the key. */
function identityOf(value: unknown): unknown {
  return typeof value === "string" && value.includes("=") ? value.slice(0, value.indexOf("=") + 1) : value;
}

/** Whether no key of it is dotted. */
function isPlain(node: AST.TOMLInlineTable): boolean {
  return node.body.every(({ key }) => key.keys.length === 1);
}

function asTable(value: unknown): Table {
  return isTable(value) ? value : {};
}

function elementOf(value: unknown, index: number): Table {
  return Array.isArray(value) ? asTable(value[index]) : {};
}
