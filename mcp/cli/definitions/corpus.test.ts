import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { formatProblem } from "@metacircular/mcdsl/toml/problem.ts";

import { parseDefinition } from "./read.ts";

const directory = join(import.meta.dirname, "corpus");
const divider = "---\n";

describe("a bad definition is refused with its place and a way out:", () => {
  const files = readdirSync(directory).toSorted();
  assert.ok(files.length >= 60);
  for (const file of files) {
    test(file.replace(/\.txt$/, "").replaceAll("-", " "), () => {
      const golden = readFileSync(join(directory, file), "utf8");
      const at = golden.startsWith(divider) ? 0 : golden.lastIndexOf(`\n${divider}`) + 1;
      const result = parseDefinition(golden.slice(0, at), "hello.toml");
      const lines = "problems" in result ? result.problems.map(formatProblem) : ["no problem found"];
      assert.equal(`${lines.join("\n")}\n`, golden.slice(at + divider.length));
    });
  }
});
