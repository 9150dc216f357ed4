import type { z } from "zod";
import { nearestWord } from "./nearest.ts";
import { isSecretKey } from "../log/redact.ts";
import { formatPath, type Path } from "./problem.ts";
import { knownKeys } from "./schema-shape.ts";

/** A violation of a schema, before it has a place in a file. */
export interface Violation {
  readonly path: Path;
  /** `key`: it stands at the key; `value`: at the value; `table`: at the table that lacks something. */
  readonly at: "key" | "value" | "table";
  readonly message: string;
  readonly hint?: string;
  /** Of an unknown key: the known one that was probably meant. */
  readonly meant?: Path;
}

type Issue = z.core.$ZodIssue;

/** The issues of a failed parse as sentences. Of a union, the alternative that fits best is explained; a key
 * that is only missing because it is misspelt is reported once. */
export function violationsOf(schema: z.ZodType, issues: readonly Issue[], input: unknown): Violation[] {
  const violations = issues.flatMap((issue) => describe(schema, issue, input));
  const meant = new Set(
    violations.flatMap((each) => (each.meant === undefined ? [] : [formatPath(each.meant)])),
  );
  return violations.filter(({ at, path }) => at !== "table" || !meant.has(formatPath(path)));
}

function describe(schema: z.ZodType, issue: Issue, input: unknown): Violation[] {
  const path = issue.path.filter((part) => typeof part !== "symbol");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(schema, path, key));
  }
  if (issue.code === "invalid_key") {
    const reason = issue.issues[0]?.message ?? issue.message;
    return [{ path, at: "key", message: `invalid key ${quoted(path.at(-1))}: ${lowerFirst(reason)}` }];
  }
  const key = path.at(-1);
  const found = valueAt(input, path);
  if (found === undefined && key !== undefined) {
    return [{ path, at: "table", message: `missing key ${quoted(key)}`, ...wantedHint(issue) }];
  }
  if (issue.code === "invalid_union") {
    const best = bestAlternative(issue.errors);
    if (best !== undefined) {
      return best.flatMap((inner) =>
        describe(schema, { ...inner, path: [...issue.path, ...inner.path] }, input),
      );
    }
  }
  const secret = path.some((part) => typeof part === "string" && isSecretKey(part));
  const value = secret ? hidden : found;
  return [{ path, at: "value", message: subjectOf(key) + mismatch(issue, value), ...wordHint(issue, value) }];
}

/** Stands for a value that must not be shown. */
const hidden = Symbol("hidden");

function unknownKey(schema: z.ZodType, path: Path, key: string): Violation {
  const meant = nearestWord(key, knownKeys(schema, path));
  const suggestion = meant === undefined ? "" : `; did you mean ${quoted(meant)}?`;
  const message = `unknown key ${quoted(key)}${suggestion}`;
  if (meant !== undefined) return { path: [...path, key], at: "key", message, meant: [...path, meant] };
  const known = knownKeys(schema, path);
  const hint = `known here: ${known.toSorted().join(", ")}`;
  return { path: [...path, key], at: "key", message, ...(known.length === 0 ? {} : { hint }) };
}

function mismatch(issue: Issue, found: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${typeName(issue.expected)}, not ${typeOf(found)}`;
    case "invalid_value": {
      const values = issue.values.map((value) => quoted(value));
      const allowed = values.length === 1 ? String(values[0]) : `one of ${values.join(", ")}`;
      return `must be ${allowed}, not ${shown(found)}`;
    }
    case "too_small":
      if (issue.minimum === 1 && issue.origin !== "number" && issue.origin !== "int")
        return "must not be empty";
      return `must ${issue.origin === "number" ? "be" : "have"} ${bound("at least", "more than", issue.inclusive)} ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `must ${issue.origin === "number" ? "be" : "have"} ${bound("at most", "less than", issue.inclusive)} ${issue.maximum}${unitOf(issue.origin)}`;
    default:
      return lowerFirst(issue.message);
  }
}

function bound(inclusive: string, exclusive: string, isInclusive: boolean | undefined): string {
  return isInclusive === false ? exclusive : inclusive;
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "number" || origin === "int" ? "" : " entries";
}

function wordHint(issue: Issue, found: unknown): { hint?: string } {
  if (issue.code !== "invalid_value" || typeof found !== "string") return {};
  const meant = nearestWord(
    found,
    issue.values.filter((value) => typeof value === "string"),
  );
  return meant === undefined ? {} : { hint: `did you mean ${quoted(meant)}?` };
}

function wantedHint(issue: Issue): { hint?: string } {
  if (issue.code === "invalid_type") return { hint: `${typeName(issue.expected)} is required` };
  if (issue.code !== "invalid_value") return {};
  return { hint: `one of ${issue.values.map((value) => quoted(value)).join(", ")}` };
}

/** The alternative with the fewest issues, those that fail as a whole last. */
function bestAlternative(alternatives: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const cost = (issues: readonly Issue[]): number =>
    issues.reduce(
      (sum, issue) => sum + (issue.path.length === 0 && issue.code === "invalid_type" ? 100 : 1),
      0,
    );
  return alternatives.toSorted((a, b) => cost(a) - cost(b))[0];
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, part)?.value;
  }
  return value;
}

function subjectOf(key: string | number | undefined): string {
  if (key === undefined) return "the file ";
  return typeof key === "number" ? `entry ${key + 1} ` : `${quoted(key)} `;
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "an array",
  object: "a table",
  record: "a table",
  date: "a date",
};

function typeName(expected: string): string {
  return typeNames[expected] ?? expected;
}

function typeOf(value: unknown): string {
  if (value === hidden) return "the value given";
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) return "a date";
  if (typeof value === "object") return "a table";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return `the number ${value}`;
  return typeof value === "string" ? `the string ${shown(value)}` : typeof value;
}

const maxShownCharacters = 60;

function shown(value: unknown): string {
  if (typeof value !== "string") return typeOf(value);
  return quoted(value.length > maxShownCharacters ? `${value.slice(0, maxShownCharacters)}…` : value);
}

function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
