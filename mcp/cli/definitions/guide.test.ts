import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { formatProblem } from "@metacircular/mcdsl/toml/problem.ts";
import { definitionJsonSchema } from "@metacircular/mcp-core/definition.ts";

import { parseDefinition } from "./read.ts";

const guide = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "definitions.md"), "utf8");

test("every example of the guide can be deployed", () => {
  const examples = [...guide.matchAll(/```toml\n([^]*?)```/g)].map(([, text = ""]) => text);
  assert.ok(examples.length >= 2);
  for (const example of examples) {
    for (const text of [example, example.replaceAll("\n", "\r\n"), `\u{feff}${example}`]) {
      const result = parseDefinition(text, "example.toml");
      assert.deepEqual("problems" in result ? result.problems.map(formatProblem) : [], []);
    }
  }
});

test("the guide explains every key", () => {
  for (const key of keysOf(definitionJsonSchema())) {
    assert.match(guide, new RegExp(`^\\| \`\\[*([a-z]+\\.)?${key}\\]*\` \\|`, "m"), key);
  }
});

/** Names of all properties at any depth of a JSON Schema, but for tables that only hold others. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const properties =
    "properties" in schema ? Object.entries(schema.properties as Record<string, unknown>) : [];
  const inner = [...properties.map(([, value]) => value), "items" in schema ? schema.items : undefined];
  return [...properties.map(([key]) => key).filter((key) => key !== "build"), ...inner.flatMap(keysOf)];
}
