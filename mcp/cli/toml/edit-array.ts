import type { AST } from "toml-eslint-parser";

import { type Layout } from "./layout.ts";
import { printValue } from "./print.ts";
import { endOfLine, startOfLine } from "./source.ts";
import { indentAt, type Splice } from "./splice.ts";

/** What an entry of the wanted list is made of. */
export interface ArrayItem {
  /** The entry of the old list that it continues; undefined: it is new. Rises from item to item. */
  readonly from: number | undefined;
  /** The entry that it continues at another place, whose comment comes along. */
  readonly movedFrom: number | undefined;
  /** Whether it is not equal to the one it continues. */
  readonly changed: boolean;
  readonly value: unknown;
}

/** Whether entries that stay keep their text where they stand, so that they can be edited within. */
export function keepsPlaces(layout: Layout, array: AST.TOMLArray, items: readonly ArrayItem[]): boolean {
  return isSameLength(array, items) || hasLineEach(layout, array);
}

function isSameLength(array: AST.TOMLArray, items: readonly ArrayItem[]): boolean {
  return items.length === array.elements.length && items.every(({ from }) => from !== undefined);
}

/** Splices that remove and add entries of a list. Those that stay keep their text; in a list over several lines
 * they keep their lines and the comments on them. */
export function editArray(layout: Layout, array: AST.TOMLArray, items: readonly ArrayItem[]): Splice[] {
  if (isSameLength(array, items)) return [];
  const [start, end] = array.range;
  if (!layout.text.slice(start, end).includes("\n")) return [onOneLine(layout, array, items)];
  return hasLineEach(layout, array) ? byLines(layout, array, items) : [rewritten(layout, array, items)];
}

function onOneLine({ text }: Layout, array: AST.TOMLArray, items: readonly ArrayItem[]): Splice {
  const [start, end] = array.range;
  const padding = text.charAt(start + 1) === " " && items.length > 0 ? " " : "";
  const written = items.map((item) => textOf(text, array, item));
  return { start, end, text: `[${padding}${written.join(", ")}${padding}]` };
}

function textOf(text: string, array: AST.TOMLArray, { from, changed, value }: ArrayItem): string {
  const element = from === undefined ? undefined : array.elements[from];
  return element === undefined || changed ? printValue(value) : text.slice(...element.range);
}

/** Whether every entry has lines of its own, with its comma and its comment, and the brackets too. */
function hasLineEach({ text }: Layout, array: AST.TOMLArray): boolean {
  const [start, end] = array.range;
  const opening = text.slice(start + 1, endOfLine(text, start));
  const closing = text.slice(startOfLine(text, end - 1), end - 1);
  return (
    /^[ \t]*(#.*)?\r?\n$/.test(opening) &&
    /^[ \t]*$/.test(closing) &&
    array.elements.every((element) => {
      const before = text.slice(startOfLine(text, element.range[0]), element.range[0]);
      const after = text.slice(element.range[1], endOfLine(text, element.range[1]));
      return /^[ \t]*$/.test(before) && /^[ \t]*,?[ \t]*(#.*)?\r?\n$/.test(after);
    }) &&
    startsLine(text, array)
  );
}

/** Whether no line begins with a comma, which would belong to the entry above. */
function startsLine(text: string, array: AST.TOMLArray): boolean {
  return array.elements.every((element, index) => {
    const next = array.elements[index + 1];
    const line = endOfLine(text, element.range[1]);
    return next === undefined ? true : !/^\s*,/m.test(text.slice(line, next.range[0]));
  });
}

function byLines({ text, newline }: Layout, array: AST.TOMLArray, items: readonly ArrayItem[]): Splice[] {
  const splices: Splice[] = [];
  const kept = new Set(items.map(({ from }) => from));
  const [first] = array.elements;
  const indent = first === undefined ? `${indentAt(text, array.range[0])}  ` : indentAt(text, first.range[0]);
  for (const [index, { range }] of array.elements.entries()) {
    if (!kept.has(index))
      splices.push({ start: startOfLine(text, range[0]), end: endOfLine(text, range[1]), text: "" });
  }
  let at = endOfLine(text, array.range[0]);
  for (const [position, item] of items.entries()) {
    const element = item.from === undefined ? undefined : array.elements[item.from];
    if (element === undefined) {
      const comment = item.movedFrom === undefined ? "" : commentOf(text, array.elements[item.movedFrom]);
      splices.push({ start: at, end: at, text: `${indent}${printValue(item.value)},${comment}${newline}` });
      continue;
    }
    const [, end] = element.range;
    at = endOfLine(text, end);
    const hasComma = /^[ \t]*,/.test(text.slice(end, at));
    if (!hasComma && position < items.length - 1) splices.push({ start: end, end, text: "," });
  }
  return splices;
}

/** The comment that follows an entry on its line, with the space before it. */
function commentOf(text: string, element: AST.TOMLContentNode | undefined): string {
  if (element === undefined) return "";
  const rest = text.slice(element.range[1], endOfLine(text, element.range[1]));
  return /^[ \t]*,?([ \t]*#.*?)\r?\n$/.exec(rest)?.[1] ?? "";
}

/** One line for each entry and each comment, where they stand mixed. */
function rewritten(
  { text, newline, comments }: Layout,
  array: AST.TOMLArray,
  items: readonly ArrayItem[],
): Splice {
  const [start, end] = array.range;
  const outer = indentAt(text, start);
  const indent = `${outer}  `;
  const inside = comments.filter(
    ({ range }) =>
      range[0] > start &&
      range[1] < end &&
      !array.elements.some((element) => range[0] > element.range[0] && range[1] < element.range[1]),
  );
  const lines = ["["];
  let commented = 0;
  const addComments = (until: number): void => {
    for (
      let next = inside[commented];
      next !== undefined && next.range[0] < until;
      next = inside[commented]
    ) {
      lines.push(`${indent}${text.slice(...next.range)}`);
      commented += 1;
    }
  };
  for (const item of items) {
    const element = item.from === undefined ? undefined : array.elements[item.from];
    if (element !== undefined) addComments(element.range[0]);
    const next = inside[commented];
    const trails = element !== undefined && next !== undefined && isTrailing(text, element, next);
    if (trails) commented += 1;
    lines.push(
      `${indent}${textOf(text, array, item)},${trails ? ` ${text.slice(...next.range).trimEnd()}` : ""}`,
    );
  }
  addComments(end);
  lines.push(`${outer}]`);
  return { start, end, text: lines.join(newline) };
}

function isTrailing(text: string, element: AST.TOMLNode, comment: AST.Comment): boolean {
  return /^[ \t]*,?[ \t]*$/.test(text.slice(element.range[1], comment.range[0]));
}
