import type { z } from "zod";
import { readTomlDocument, type TomlDocument } from "./document.ts";
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
  const parsed = source.schema.safeParse(read.document.content);
  if (!parsed.success) {
    const violations = violationsOf(source.schema, parsed.error.issues, read.document.content);
    return { problems: inFileOrder(violations.map((each) => located(source.file, read.document, each))) };
  }
  const findings = source.check?.(parsed.data) ?? [];
  if (findings.length === 0) return { value: parsed.data };
  const violations = findings.map((finding): Violation => ({ ...finding, at: "value" }));
  return { problems: inFileOrder(violations.map((each) => located(source.file, read.document, each))) };
}

/** The violation with its place in the file. */
export function located(file: string, document: TomlDocument, violation: Violation): Problem {
  const { path, at, message, hint } = violation;
  const place =
    at === "table"
      ? document.locate.key(path.slice(0, -1))
      : at === "key"
        ? document.locate.key(path)
        : document.locate.value(path);
  return { file, ...place, path: formatPath(path), message, ...(hint === undefined ? {} : { hint }) };
}

/** Problems sorted by line and column. */
export function inFileOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
