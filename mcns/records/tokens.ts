import { RecordProblem } from "./record-problem.ts";

/** A word of a zone file (RFC 1035 section 5.1), escapes as they stand. */
export interface Token {
  readonly text: string;
  readonly quoted: boolean;
  /** Characters before it in the whole text; of a quoted one, before its quote. */
  readonly offset: number;
}

/** What stands on one line; on several within parentheses. */
export interface Entry {
  readonly tokens: readonly Token[];
  /** The line begins with a blank: the owner is that of the entry before. */
  readonly startsBlank: boolean;
}

interface Cursor {
  readonly text: string;
  at: number;
  depth: number;
  /** Where the open parenthesis is. */
  openedAt: number;
}

/** Splits a zone file into its entries; lines without words give none. What cannot be read is reported, and reading
 * goes on at the next line. */
export function readEntries(text: string): { entries: Entry[]; problems: RecordProblem[] } {
  const cursor: Cursor = { text, at: 0, depth: 0, openedAt: 0 };
  const entries: Entry[] = [];
  const problems: RecordProblem[] = [];
  while (cursor.at < text.length) {
    try {
      const entry = readEntry(cursor);
      if (entry.tokens.length > 0) entries.push(entry);
    } catch (thrown) {
      if (!(thrown instanceof RecordProblem)) throw thrown;
      problems.push(thrown);
      const end = text.indexOf("\n", cursor.at);
      cursor.at = end < 0 ? text.length : end + 1;
      cursor.depth = 0;
    }
  }
  return { entries, problems };
}

function readEntry(cursor: Cursor): Entry {
  const { text } = cursor;
  const first = text[cursor.at];
  const tokens: Token[] = [];
  while (cursor.at < text.length) {
    const character = text[cursor.at];
    if (character === "\n") {
      cursor.at += 1;
      if (cursor.depth === 0) break;
    } else if (isBlank(character)) cursor.at += 1;
    else if (character === ";") skipComment(cursor);
    else if (character === "(" || character === ")") parenthesis(cursor, character);
    else tokens.push(character === '"' ? readQuoted(cursor) : readWord(cursor));
  }
  if (cursor.depth > 0) {
    throw new RecordProblem("the parenthesis that opens here is never closed", { offset: cursor.openedAt });
  }
  return { tokens, startsBlank: isBlank(first) };
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\r";
}

function skipComment(cursor: Cursor): void {
  const end = cursor.text.indexOf("\n", cursor.at);
  cursor.at = end < 0 ? cursor.text.length : end;
}

function parenthesis(cursor: Cursor, character: "(" | ")"): void {
  if (character === "(") {
    if (cursor.depth === 0) cursor.openedAt = cursor.at;
    cursor.depth += 1;
  } else if (cursor.depth === 0) {
    throw new RecordProblem("there is no parenthesis to close", { offset: cursor.at });
  } else cursor.depth -= 1;
  cursor.at += 1;
}

function readQuoted(cursor: Cursor): Token {
  const { text } = cursor;
  const offset = cursor.at;
  let at = offset + 1;
  while (at < text.length && text[at] !== '"' && text[at] !== "\n") at += text[at] === "\\" ? 2 : 1;
  if (text[at] !== '"') throw new RecordProblem("the quote that opens here is not closed", { offset });
  cursor.at = at + 1;
  const next = text[cursor.at];
  if (next !== undefined && !/[\s;()]/u.test(next)) {
    throw new RecordProblem("a blank is missing behind the quote", { offset: cursor.at });
  }
  return { text: text.slice(offset + 1, at), quoted: true, offset };
}

/** Quotes may stand inside a word, as in alpn="h2,h3"; there, blanks do not end it. */
function readWord(cursor: Cursor): Token {
  const { text } = cursor;
  const offset = cursor.at;
  let at = offset;
  let inQuotes = false;
  for (; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (character === "\n") break;
    if (character === "\\") at += 1;
    else if (character === '"') inQuotes = !inQuotes;
    else if (!inQuotes && /[\s;()]/u.test(character)) break;
  }
  if (inQuotes) throw new RecordProblem("a quote in this word is not closed", { offset });
  cursor.at = Math.min(at, text.length);
  return { text: text.slice(offset, cursor.at), quoted: false, offset };
}
