import { type Layout, layoutOf, viewAt } from "./layout.ts";
import { matchTables } from "./match.ts";
import { printTable, type Table } from "./print.ts";
import { endOfLine, startOfLine } from "./source.ts";
import { blankLinesAt, type Splice, spliced, startOfComment } from "./splice.ts";

type Path = readonly (string | number)[];

/** Part of a text, from the comment above a header to the end of its last line. */
interface Segment {
  readonly start: number;
  readonly end: number;
}

/** Removes, moves and adds tables `[[…]]` at a path, so that there is one for each wanted table, in that order.
 * Those that stay keep their text and the comments in and directly above them; what is new is written whole. Text
 * where the tables are written inline stays as it is.
 * @param old the tables as they are */
export function arrangeTables(
  text: string,
  path: Path,
  old: readonly Table[],
  wanted: readonly Table[],
): string {
  const layout = layoutOf(text);
  const existing = viewAt(layout.root, path);
  if (existing?.kind !== "tables") return text;
  const matches = matchTables(old, wanted);
  if (old.length === wanted.length && matches.every((match, index) => match === index)) return text;
  const kept = matches.filter((match) => match !== undefined);
  const blocks = old.map((_, index) => segmentsOf(layout, [...path, index]));
  const slots = [...kept].toSorted((a, b) => a - b);
  const pieces = new Pieces(layout, blocks);
  for (const index of old.keys()) if (!kept.includes(index)) pieces.remove(index);
  for (const [position, index] of kept.entries()) {
    const slot = slots[position];
    if (slot !== undefined && slot !== index) pieces.move(index, slot);
  }
  addNew(pieces, { layout, path, matches, slots }, wanted);
  return spliced(text, pieces.splices);
}

function addNew(
  pieces: Pieces,
  about: { layout: Layout; path: Path; matches: readonly (number | undefined)[]; slots: readonly number[] },
  wanted: readonly Table[],
): void {
  const { layout, path, matches, slots } = about;
  const keys = path.filter((part) => typeof part === "string");
  let before = 0;
  for (const [index, table] of wanted.entries()) {
    if (matches[index] !== undefined) {
      before += 1;
      continue;
    }
    const block = printTable(keys, table, "array").replaceAll("\n", layout.newline);
    const predecessor = slots[before - 1];
    if (predecessor === undefined) pieces.insertBefore(slots[0] ?? 0, block);
    else pieces.insertAfter(predecessor, block);
  }
}

/** Parts of the text that belong to the table at the path and to all within it. Parts without another table in
 * between are one. */
export function segmentsOf({ text, headers }: Layout, path: Path): Segment[] {
  const segments: Segment[] = [];
  let adjacent = false;
  for (const header of headers) {
    const inside = path.length > 0 && path.every((part, index) => header.resolvedKey[index] === part);
    if (inside) {
      const end = endOfLine(text, header.range[1]);
      const start = startOfComment(text, startOfLine(text, header.range[0]));
      const previous = adjacent ? segments.pop() : undefined;
      segments.push({ start: previous?.start ?? start, end });
    }
    adjacent = inside;
  }
  return segments;
}

/** Splices that remove, move and insert blocks as wholes. */
class Pieces {
  readonly splices: Splice[] = [];
  readonly #layout: Layout;
  readonly #blocks: readonly (readonly Segment[])[];

  constructor(layout: Layout, blocks: readonly (readonly Segment[])[]) {
    this.#layout = layout;
    this.#blocks = blocks;
  }

  remove(index: number): void {
    for (const segment of this.#blocks[index] ?? []) this.splices.push(removal(this.#layout.text, segment));
  }

  /** Puts a block where another one stands, which is moved as well. */
  move(index: number, slot: number): void {
    const [place, ...rest] = this.#blocks[slot] ?? [];
    if (place === undefined) return;
    this.splices.push({ ...place, text: this.#textOf(index) });
    for (const segment of rest) this.splices.push(removal(this.#layout.text, segment));
  }

  insertAfter(index: number, block: string): void {
    const at = this.#blocks[index]?.at(-1)?.end ?? this.#layout.text.length;
    this.splices.push({ start: at, end: at, text: this.#layout.newline + block });
  }

  insertBefore(index: number, block: string): void {
    const start = this.#blocks[index]?.[0]?.start ?? 0;
    this.splices.push({ start, end: start, text: block + this.#layout.newline });
  }

  #textOf(index: number): string {
    const { text, newline } = this.#layout;
    return (this.#blocks[index] ?? []).map(({ start, end }) => text.slice(start, end)).join(newline);
  }
}

/** Removes lines with the blank ones that follow them; at the end of the file with those before them. */
export function removal(text: string, { start, end }: Segment): Splice {
  const after = end + blankLinesAt(text, end);
  if (after < text.length) return { start, end: after, text: "" };
  const blank = /(?:\r?\n)((?:[ \t]*\r?\n)+)$/.exec(text.slice(0, start));
  return { start: start - (blank?.[1]?.length ?? 0), end: after, text: "" };
}
