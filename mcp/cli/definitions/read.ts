import { open } from "node:fs/promises";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { maxFileBytes } from "@metacircular/mcdsl/toml/document.ts";
import { parseToml } from "@metacircular/mcdsl/toml/parse.ts";
import { formatProblem, type Problem } from "@metacircular/mcdsl/toml/problem.ts";
import { checkDefinition } from "@metacircular/mcp-core/definition/check-definition.ts";
import { type Definition, definitionSchema } from "@metacircular/mcp-core/definition.ts";

/** Reads TOML text as a definition, or finds all that is wrong with it.
 * @param expectedName what the service must be called; undefined: any name will do */
export function parseDefinition(
  text: string | Uint8Array,
  file: string,
  expectedName?: string,
): { value: Definition } | { problems: Problem[] } {
  return parseToml({
    text,
    file,
    schema: definitionSchema,
    check: (definition) => {
      const problems = checkDefinition(definition);
      if (expectedName === undefined || definition.name === expectedName) return problems;
      const message = `service is called ${JSON.stringify(definition.name)} here, but ${JSON.stringify(expectedName)} was asked for`;
      return [...problems, { path: ["name"], message, hint: "correct the name, or name the file with -f" }];
    },
  });
}

/** Reads a definition file.
 * @throws DetailedError DEFINITION_NOT_FOUND, DEFINITION_UNREADABLE, or DEFINITION_INVALID with all problems as
 * its output, each with file, line and column */
export async function readDefinition(file: string, expectedName?: string): Promise<Definition> {
  const result = parseDefinition(await readBounded(file), file, expectedName);
  if ("value" in result) return result.value;
  const lines = result.problems.map(formatProblem);
  throw new DetailedError({
    code: "DEFINITION_INVALID",
    category: "invalid-argument",
    attempted: "use definition",
    subject: file,
    found: lines.length === 1 ? "one problem" : `${lines.length} problems`,
    remedy: "correct the file; docs/definitions.md explains every key",
    output: lines,
  });
}

/** At most one byte more than is accepted, so that a device or a huge file is refused without reading on. */
async function readBounded(file: string): Promise<Uint8Array> {
  try {
    await using handle = await open(file, "r");
    const buffer = Buffer.alloc(maxFileBytes + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): DetailedError {
  const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
  return new DetailedError({
    code: missing ? "DEFINITION_NOT_FOUND" : "DEFINITION_UNREADABLE",
    category: missing ? "not-found" : "failed-precondition",
    attempted: "read definition",
    subject: file,
    found: missing ? "there is no such file" : "it cannot be read",
    remedy: missing ? "create it, or name another with -f" : "check its type and permissions",
    cause,
  });
}
