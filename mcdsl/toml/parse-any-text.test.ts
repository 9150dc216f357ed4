import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { parseToml } from "./parse.ts";

const schema = z.strictObject({ a: z.string(), b: z.array(z.strictObject({ c: z.number() })) });

const pieces = [
  "a",
  "b",
  "c",
  "=",
  "[",
  "]",
  "[[",
  "]]",
  "{",
  "}",
  '"',
  "'",
  '"""',
  "\n",
  "\r\n",
  ".",
  ",",
  " ",
  "1",
  "1979-05-27",
  "true",
  "#",
  "\\",
  "\0",
  "é",
];

test("any text is read or explained at a place that exists, and never ends in an exception", () => {
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (toml) => {
      const result = parseToml({ text: toml, file: "a.toml", schema });
      if ("value" in result) return;
      assert.ok(result.problems.length > 0);
      const lines = toml.split("\n");
      for (const { line, column } of result.problems) {
        assert.ok(line >= 1 && line <= lines.length, `line ${line}`);
        assert.ok(column >= 1 && column <= (lines[line - 1] ?? "").length + 1, `column ${column}`);
      }
    }),
    { numRuns: 3_000 },
  );
});
