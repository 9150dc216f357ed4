import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { linksIn, sectionsOf, sourcesNamed } from "./links.ts";

describe("links of a page", () => {
  test("are those to files and sections, with their lines", () => {
    const page = "See [a](a.md) and\n[b](../b.md#some-part), [c](#here).\n[far](https://example.org/a.md)\n";
    assert.deepEqual(linksIn(page), [
      { line: 1, path: "a.md", section: undefined },
      { line: 2, path: "../b.md", section: "some-part" },
      { line: 2, path: "", section: "here" },
    ]);
  });

  test("are none in code", () => {
    assert.deepEqual(linksIn("```\n[a](a.md)\n```\n[b](b.md)\n"), [
      { line: 4, path: "b.md", section: undefined },
    ]);
  });
});

test("sections are named as in links", () => {
  const page = "# The house\n```\n# a comment\n```\n## `mcp pull`, and [more](x.md)\n### One-machine (2)\n";
  assert.deepEqual([...sectionsOf(page)], ["the-house", "mcp-pull-and-more", "one-machine-2"]);
});

test("sources are named by a path in backticks", () => {
  assert.deepEqual(sourcesNamed("`mcr/core.ts` and\n`core.ts`, mcr/x.ts, `deploy/walk.ts`"), [
    { path: "mcr/core.ts", line: 1 },
    { path: "deploy/walk.ts", line: 2 },
  ]);
});
