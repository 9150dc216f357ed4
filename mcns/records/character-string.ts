import { RecordProblem } from "./record-problem.ts";

/** The bytes that a word stands for: "\DDD" is the byte with this decimal number, a backslash before another
 * character takes its meaning away, what is not ASCII is taken as UTF-8 (RFC 1035 section 5.1).
 * @throws RecordProblem */
export function unescapeBytes(text: string): Uint8Array {
  if (!text.includes("\\")) return Buffer.from(text, "utf8");
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at < text.length) {
    const backslash = text.indexOf("\\", at);
    const end = backslash < 0 ? text.length : backslash;
    parts.push(Buffer.from(text.slice(at, end), "utf8"));
    at = end;
    if (backslash < 0) break;
    const { byte, length } = readEscape(text, at);
    parts.push(Uint8Array.of(byte));
    at += length;
  }
  return Buffer.concat(parts);
}

function readEscape(text: string, at: number): { byte: number; length: number } {
  const digits = /^\d{3}/u.exec(text.slice(at + 1, at + 4))?.[0];
  if (digits !== undefined) {
    const byte = Number(digits);
    if (byte <= 255) return { byte, length: 4 };
    throw new RecordProblem(`\\${digits} is no byte`, { hint: "bytes end at \\255", offset: at });
  }
  const next = text[at + 1];
  if (next === undefined) throw new RecordProblem("a backslash stands at the end", { offset: at });
  if (/\d/u.test(next)) {
    const hint = "write three digits, such as \\007";
    throw new RecordProblem("a backslash is followed by fewer than three digits", { hint, offset: at });
  }
  if (next.charCodeAt(0) > 126) {
    throw new RecordProblem("a backslash stands before what is not ASCII", { offset: at });
  }
  return { byte: next.charCodeAt(0), length: 2 };
}

/** The bytes in quotes, in their one canonical form: printable ASCII as it is, all else as "\DDD". */
export function quoteBytes(bytes: Uint8Array): string {
  let text = '"';
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 0x20 && byte <= 0x7e) text += String.fromCharCode(byte);
    else text += `\\${String(byte).padStart(3, "0")}`;
  }
  return `${text}"`;
}
