import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { parseToml } from "@metacircular/mcdsl/toml/parse.ts";
import { formatProblem, type Problem } from "@metacircular/mcdsl/toml/problem.ts";
import { nearestWord } from "@metacircular/mcdsl/toml/nearest.ts";
import { checkDefinition } from "@metacircular/mcp-core/definition/check-definition.ts";
import { type Definition, definitionSchema } from "@metacircular/mcp-core/definition.ts";
import { imageName } from "@metacircular/mcp-core/image.ts";

import { readBytes } from "./file.ts";

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
      const problems = checkDefinition(definition).map((problem) => withNearestImage(problem, definition));
      if (expectedName === undefined || definition.name === expectedName) return problems;
      const message = `service is called ${JSON.stringify(definition.name)} here, but ${JSON.stringify(expectedName)} was asked for`;
      return [...problems, { path: ["name"], message, hint: "correct the name, or name the file with -f" }];
    },
  });
}

/** Says which image was probably meant by a name that no component uses. */
function withNearestImage(
  problem: ReturnType<typeof checkDefinition>[number],
  { components }: Definition,
): ReturnType<typeof checkDefinition>[number] & { hint?: string } {
  const [table, key, name] = problem.path;
  const used = components.map(({ image }) => imageName(image));
  if (table !== "build" || key !== "images" || typeof name !== "string" || used.includes(name))
    return problem;
  const meant = nearestWord(name, used);
  return { ...problem, hint: meant === undefined ? `used: ${used.join(", ")}` : `did you mean ${meant}?` };
}

/** Reads a definition file.
 * @throws DetailedError DEFINITION_NOT_FOUND, DEFINITION_UNREADABLE, or DEFINITION_INVALID with all problems as
 * its output, each with file, line and column */
export async function readDefinition(file: string, expectedName?: string): Promise<Definition> {
  return definitionFrom(await readBytes(file), file, expectedName);
}

/** As `readDefinition`, of a file that was read before.
 * @throws DetailedError DEFINITION_INVALID */
export function definitionFrom(text: string | Uint8Array, file: string, expectedName?: string): Definition {
  const result = parseDefinition(text, file, expectedName);
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
