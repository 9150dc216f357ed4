import type { Place } from "../report.ts";

/** One assignment of a unit file. */
export interface Assignment {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly place: Place;
}

/** Most assignments of a file. */
const mostAssignments = 10_000;

/** The assignments of a unit file in their order, lines that go on in the next one joined. An empty value takes back
 * those of the same key before it, as systemd does. */
export function readUnit(file: string, text: string): Assignment[] {
  let result: Assignment[] = [];
  let section = "";
  for (const { content, line } of joinedLines(text)) {
    const header = /^\[([^\]]+)\]$/.exec(content);
    const match = /^([A-Za-z0-9-]+)\s*=\s*([^]*)$/.exec(content);
    if (header !== null) section = header[1] ?? "";
    else if (match !== null) {
      const [, key = "", value = ""] = match;
      if (value === "") result = without(result, section, key);
      else result.push({ section, key, value: value.trimEnd(), place: { file, line } });
    }
    if (result.length >= mostAssignments) break;
  }
  return result;
}

function without(assignments: readonly Assignment[], section: string, key: string): Assignment[] {
  return assignments.filter((each) => each.section !== section || each.key !== key);
}

/** Lines without comments; one that ends with a backslash is joined with the next by a space. */
function joinedLines(text: string): { content: string; line: number }[] {
  const result: { content: string; line: number }[] = [];
  let open: { content: string; line: number } | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const content = raw.trim();
    if (content.startsWith("#") || content.startsWith(";")) continue;
    const goesOn = content.endsWith("\\");
    const part = goesOn ? content.slice(0, -1) : content;
    const whole: { content: string; line: number } =
      open === undefined
        ? { content: part, line: index + 1 }
        : { ...open, content: `${open.content} ${part}` };
    open = goesOn ? whole : undefined;
    if (!goesOn && whole.content !== "") result.push(whole);
  }
  if (open !== undefined) result.push(open);
  return result;
}

const escapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  s: " ",
};

/** Splits a value as systemd does: at white space, with both kinds of quotes and the escapes of C. */
export function unitWords(text: string): string[] {
  const words = text.match(/(?:"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|\\[^]|[^\s"'\\])+/g) ?? [];
  return words.map((word) =>
    word
      .replaceAll(
        /"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'/g,
        (_, double?: string, single?: string) => double ?? single ?? "",
      )
      .replaceAll(/\\(x[0-9a-fA-F]{2}|[^])/g, (_, code: string) =>
        code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (escapes[code] ?? code),
      ),
  );
}
