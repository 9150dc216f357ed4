import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type ParsedNode,
} from "yaml";

import type { Place } from "../report.ts";
import type { Located, LocatedScalar } from "./located.ts";

/** Bounds against files that are made to be expensive: values after aliases are resolved, and their depth. */
const mostValues = 50_000;
const greatestDepth = 48;
const mostProblems = 20;

/** What is wrong with a file, and where. */
export interface YamlProblem extends Place {
  readonly message: string;
}

/** Reads the documents of a YAML file.
 * @param replace what becomes of the text of a scalar */
export function readYaml(
  file: string,
  text: string,
  replace: (text: string, place: Place) => string,
): { documents: Located[]; warnings: YamlProblem[] } | { problems: YamlProblem[] } {
  const lines = new LineCounter();
  const atStart = { file, line: 1 };
  try {
    if (deepestNesting(text) > greatestDepth)
      return { problems: [{ ...atStart, message: "it is nested too deeply" }] };
    const parsed = parseAllDocuments(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: "error",
    });
    const documents = Array.isArray(parsed) ? parsed : [];
    const located = (found: readonly { message: string; pos: [number, number] }[]): YamlProblem[] =>
      found
        .slice(0, mostProblems)
        .map(({ message, pos }) => ({ file, line: lines.linePos(pos[0]).line, message }));
    const problems = located(documents.flatMap(({ errors }) => errors));
    if (problems.length > 0) return { problems };
    const warnings = located(documents.flatMap((document) => document.warnings));
    const reader = new Reader(file, lines, replace);
    return {
      documents: documents.flatMap(({ contents }) => (contents === null ? [] : [reader.read(contents)])),
      warnings,
    };
  } catch (thrown) {
    if (thrown instanceof Refused)
      return { problems: [{ file, line: thrown.line, message: thrown.message }] };
    if (thrown instanceof RangeError)
      return { problems: [{ ...atStart, message: "it is nested too deeply" }] };
    throw thrown;
  }
}

class Refused extends Error {
  readonly line: number;

  constructor(message: string, line = 1) {
    super(message);
    this.line = line;
  }
}

/** How deep brackets and dashes of one line are nested, strings and comments included: an upper bound that costs
 * nothing. */
function deepestNesting(text: string): number {
  if (/(?:[-?:][ \t]+){49}/.test(text)) return Infinity;
  let [depth, deepest] = [0, 0];
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = bracket === "[" || bracket === "{" ? depth + 1 : Math.max(0, depth - 1);
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

class Reader {
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #replace: (text: string, place: Place) => string;
  readonly #anchors = new Map<string, Node>();
  #values = 0;

  constructor(file: string, lines: LineCounter, replace: (text: string, place: Place) => string) {
    this.#file = file;
    this.#lines = lines;
    this.#replace = replace;
  }

  read(node: ParsedNode | Node | null, depth = 0): Located {
    this.#values += 1;
    if (this.#values > mostValues) throw new Refused("it has too many values, with its aliases resolved");
    if (depth > greatestDepth) throw new Refused("it is nested too deeply");
    const place = this.#placeOf(node);
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined) throw new Refused(`there is no anchor &${node.source} above`, place.line);
      return { ...this.read(target, depth + 1), place };
    }
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined)
      this.#anchors.set(node.anchor, node);
    if (isMap(node)) return { kind: "map", place, entries: this.#entries(node.items, depth) };
    if (isSeq(node)) {
      return { kind: "list", place, items: node.items.map((item) => this.read(item as Node, depth + 1)) };
    }
    return this.#scalar(node, place);
  }

  /** Keys and values; those merged in by `<<` first, so that the map's own win. */
  #entries(items: readonly { key: unknown; value: unknown }[], depth: number): Map<string, Located> {
    const own: [string, Located][] = [];
    const seen = new Set<string>();
    const inherited: [string, Located][] = [];
    for (const { key, value } of items) {
      const name = isScalar(key) ? String(key.source ?? key.value) : "";
      // The library's own check takes the square of the time.
      if (seen.has(name))
        throw new Refused(`key ${JSON.stringify(name)} is given twice`, this.#placeOf(key).line);
      seen.add(name);
      const node = this.read(value as Node | null, depth + 1);
      if (name !== "<<") own.push([name, isScalar(key) ? { ...node, place: this.#placeOf(key) } : node]);
      else {
        const sources = node.kind === "list" ? node.items.toReversed() : [node];
        for (const source of sources) if (source.kind === "map") inherited.push(...source.entries);
      }
    }
    return new Map([...inherited, ...own]);
  }

  #scalar(node: unknown, place: Place): LocatedScalar {
    if (!isScalar(node) || node.value === null) return { kind: "scalar", place, text: undefined };
    const text = typeof node.value === "string" ? node.value : (node.source ?? JSON.stringify(node.value));
    return { kind: "scalar", place, text: this.#replace(text, place) };
  }

  #placeOf(node: unknown): Place {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
    return {
      file: this.#file,
      line: range === undefined || range === null ? 1 : this.#lines.linePos(range[0]).line,
    };
  }
}
