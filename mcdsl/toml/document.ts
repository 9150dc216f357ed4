import { parse, TomlError, type TomlTable } from "smol-toml";
import type { Problem } from "./problem.ts";

/** A file that is sound TOML. */
export interface TomlDocument {
  readonly content: TomlTable;
  readonly text: string;
}

/** The largest file that is read. */
export const maxFileBytes = 1024 * 1024;

const byteOrderMark = "\u{feff}";
const maxDepth = 64;

/** Reads TOML 1.0. Bytes must be UTF-8; a byte order mark and CRLF are accepted. */
export function readTomlDocument(source: {
  text: string | Uint8Array;
  file: string;
}): { document: TomlDocument } | { problem: Problem } {
  const atStart = { file: source.file, line: 1, column: 1, path: "" };
  if (Buffer.byteLength(source.text) > maxFileBytes) {
    return { problem: { ...atStart, message: `the file is larger than ${maxFileBytes} bytes` } };
  }
  const text = decode(source.text);
  if (text === undefined) {
    return { problem: { ...atStart, message: "the file is not UTF-8 text", hint: "save it as UTF-8" } };
  }
  try {
    const content = parse(text, { maxDepth, unsafeKeyBehaviour: "throw" });
    return { document: { content, text } };
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) throw thrown;
    const { line, column } = thrown;
    return { problem: { file: source.file, line, column, path: "", message: syntaxMessage(thrown, text) } };
  }
}

function decode(text: string | Uint8Array): string | undefined {
  if (typeof text === "string") return text.startsWith(byteOrderMark) ? text.slice(1) : text;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(text);
  } catch {
    return undefined;
  }
}

/** The parser's message without its heading and without the excerpt of the file. */
function syntaxMessage(error: TomlError, text: string): string {
  const firstLine = error.message.split("\n", 1)[0] ?? error.message;
  if (/control characters .* strings/.test(firstLine) && isAtLineEnd(error, text)) return unclosedString;
  const known = plainer.find(([pattern]) => pattern.test(firstLine));
  return known?.[1] ?? firstLine.replace(/^Invalid TOML document: /, "");
}

const unclosedString = "the string is not closed on its line";

/** To the parser the end of the line is a control character like others. */
function isAtLineEnd({ line, column }: TomlError, text: string): boolean {
  const length = text.split(/\r?\n/, line)[line - 1]?.length;
  return length !== undefined && column > length;
}

const plainer: readonly [RegExp, string][] = [
  [/redefine/, "this key or table is already defined above"],
  [/unsafe property/, "this key is not allowed"],
  [/nested structures/, "this is nested too deeply"],
];
