import { type AST, parseTOML } from "toml-eslint-parser";

/** A TOML text as a person wrote it, with what an edit needs to know of its layout. */
export interface TomlSource {
  readonly text: string;
  /** How its lines end. */
  readonly newline: "\n" | "\r\n";
  readonly nodes: readonly (AST.TOMLKeyValue | AST.TOMLTable)[];
}

/** @throws the parser's error where the text is not TOML */
export function parseSource(text: string): TomlSource {
  const program = parseTOML(text);
  return { text, newline: text.includes("\r\n") ? "\r\n" : "\n", nodes: program.body[0].body };
}

/** The key and value at the top of the file, or undefined. */
export function topLevelEntry(source: TomlSource, key: string): AST.TOMLKeyValue | undefined {
  return source.nodes.find(
    (node): node is AST.TOMLKeyValue =>
      node.type === "TOMLKeyValue" && keyOf(node) === key && node.key.keys.length === 1,
  );
}

/** The tables `[[name]]`, in the order of the file. */
export function tablesOf(source: TomlSource, name: string): AST.TOMLTable[] {
  return source.nodes.filter(
    (node): node is AST.TOMLTable =>
      node.type === "TOMLTable" && node.kind === "array" && node.resolvedKey[0] === name,
  );
}

/** Offset of the first character after the line that holds the offset. */
export function endOfLine(text: string, offset: number): number {
  const newline = text.indexOf("\n", offset);
  return newline < 0 ? text.length : newline + 1;
}

/** Offset of the first character of the line that holds the offset. */
export function startOfLine(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
}

function keyOf(node: AST.TOMLKeyValue): string | undefined {
  const [first] = node.key.keys;
  return first?.type === "TOMLBare" ? first.name : first?.value;
}
