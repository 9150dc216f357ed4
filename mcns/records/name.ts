import { isWithin, type Name, parseName } from "../wire/name.ts";
import { RecordProblem } from "./record-problem.ts";

const mostInLabel = 63;

/** Reads a name as zone files and people write it: "@" is the origin, a final dot makes it absolute, else it is below
 * the origin. What is no letter, digit, "-", "_" or "/" (RFC 2317) must be escaped.
 * @throws RecordProblem */
export function readName(text: string, origin: Name): Name {
  if (text === "") throw new RecordProblem("the name is empty", { hint: '"@" is the zone itself' });
  if (text !== "@" && text !== ".") checkCharacters(text);
  const name = parseName(text, origin);
  if (name !== undefined) return name;
  if (/(^|[^\\])\.\.|^\./u.test(text)) throw new RecordProblem("there is an empty label: a dot too many");
  const tooLong = text.split(".").some((label) => label.length > mostInLabel);
  throw new RecordProblem(
    tooLong
      ? `one of its labels has more than ${mostInLabel} characters`
      : "it is longer than 255 bytes, or an escape in it is wrong",
  );
}

function checkCharacters(text: string): void {
  const foreign = /[^\u0000-\u007f]/u.exec(text);
  if (foreign !== null) {
    const hint = `write it in its ASCII form, which begins with "xn--" (the program idn2 tells it)`;
    throw new RecordProblem(`the name ${JSON.stringify(text.slice(0, 80))} is not ASCII`, {
      hint,
      offset: foreign.index,
    });
  }
  const escaped = text.replaceAll(/\\(\d{3}|.)/gu, (escape) => "x".repeat(escape.length));
  const wrong = /[^0-9A-Za-z_*./\\-]/u.exec(escaped);
  if (wrong !== null) {
    throw new RecordProblem(`${JSON.stringify(wrong[0])} cannot be in a name`, {
      hint: 'use letters, digits, "-" and "_"',
      offset: wrong.index,
    });
  }
}

/** An owner name as people mean it: "*" is a wildcard, and so the whole first label.
 * @throws RecordProblem */
export function readOwnerName(text: string, origin: Name): Name {
  const name = readName(text, origin);
  const star = text.lastIndexOf("*");
  if (star < 0 || /^\*(\.[^*]*)?$/u.test(text)) return name;
  throw new RecordProblem('"*" can only be the whole first label of a name', { offset: star });
}

/** As zone files write it: with the final dot. */
export function absoluteText(name: Name): string {
  return `${name}.`;
}

/** As users see it: "@" for the zone, what is before the zone's name for what is in it, else absolute. */
export function relativeText(name: Name, zone: Name): string {
  if (name === zone) return "@";
  if (!isWithin(name, zone)) return absoluteText(name);
  return zone === "" ? name : name.slice(0, -zone.length - 1);
}
