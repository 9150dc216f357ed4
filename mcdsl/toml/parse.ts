import type { z } from "zod";
import { readTomlDocument } from "./document.ts";
import { type Locator, locatorOf } from "./locate.ts";
import { formatPath, type Path, type Problem } from "./problem.ts";
import { violationsOf, type Violation } from "./schema-problems.ts";

/** A rule that a value of the right types breaks. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly hint?: string;
}

/** Reads TOML text into the value of a schema, or finds all that is wrong with it, in the order of the file.
 * Unknown keys are found where the schema's objects are strict. `check` looks at a value that fits the
 * schema for what a schema cannot say. */
export function parseToml<S extends z.ZodType>(source: {
  text: string | Uint8Array;
  file: string;
  schema: S;
  check?: (value: z.output<S>) => readonly Finding[];
}): { value: z.output<S> } | { problems: Problem[] } {
  const read = readTomlDocument(source);
  if ("problem" in read) return { problems: [read.problem] };
  const atPlace = locateIn(source.file, read.document.text);
  const parsed = source.schema.safeParse(read.document.content);
  if (!parsed.success) {
    const violations = violationsOf(source.schema, parsed.error.issues, read.document.content);
    return { problems: inFileOrder(violations.map(atPlace)) };
  }
  const findings = source.check?.(parsed.data) ?? [];
  if (findings.length === 0) return { value: parsed.data };
  const violations = findings.map((finding): Violation => ({ ...finding, at: "value" }));
  return { problems: inFileOrder(violations.map(atPlace)) };
}

/** Gives violations their places in the file, whose text is looked through again when the first one comes. */
export function locateIn(file: string, text: string): (violation: Violation) => Problem {
  let locator: Locator | undefined;
  return ({ path, at, message, hint }) => {
    locator ??= locatorOf(text);
    const place =
      at === "table"
        ? locator.key(path.slice(0, -1))
        : at === "key"
          ? locator.key(path)
          : locator.value(path);
    return { file, ...place, path: formatPath(path), message, ...(hint === undefined ? {} : { hint }) };
  };
}

/** Problems sorted by line and column. */
export function inFileOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
