import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fitsRepository, repositoryPattern } from "./repository-pattern.ts";

/** Another way to the same answer: by a regular expression. */
function fitsAsExpression(pattern: string, name: string): boolean {
  const parts = pattern.split("/").map((part) => {
    if (part === "**") return "[^/]+(?:/[^/]+)*";
    return part.replaceAll(".", "\\.").replaceAll("*", "[^/]*");
  });
  return new RegExp(`^${parts.join("/")}$`, "u").test(name);
}

describe("patterns of repositories", () => {
  const table: readonly (readonly [pattern: string, fits: string, not: string])[] = [
    ["team/app", "team/app", "team/apps"],
    ["team/*", "team/app", "team/app/worker"],
    ["team/*", "team/a", "team"],
    ["team/app-*", "team/app-1", "team/app"],
    ["*", "app", "team/app"],

    ["team/**", "team/app/worker", "team"],
    ["team/**", "team/app", "teams/app"],
    ["**/cache", "team/app/cache", "cache"],
    ["**/app/**", "a/app/b", "app/b"],
    ["a/**/b/**/c", "a/x/b/y/b/z/c", "a/b/b/c"],
    ["mirror.example/**", "mirror.example/x", "mirrorxexample/x"],
  ];
  for (const [pattern, fits, not] of table) {
    test(`${pattern} fits ${fits}, but not "${not}"`, () => {
      assert.equal(fitsRepository([pattern], fits), true);
      assert.equal(fitsRepository([pattern], not), false);
    });
  }

  test("fit as a regular expression does", () => {
    const part = fc.constantFrom("a", "b", "ab", "c.d");
    const wanted = fc.constantFrom("a", "b", "*", "**", "a*", "*b", "c.d");
    const names = fc.array(part, { minLength: 1, maxLength: 6 });
    const patterns = fc.array(wanted, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(patterns, names, (pattern, name) => {
        const [wish, text] = [pattern.join("/"), name.join("/")];
        assert.equal(fitsRepository([wish], text), fitsAsExpression(wish, text), `${wish} on ${text}`);
      }),
      { numRuns: 2000 },
    );
  });

  test("end soon however many `**` they have", () => {
    const pattern = `${"**/".repeat(60)}z`;
    assert.equal(fitsRepository([pattern], Array.from({ length: 127 }, () => "a").join("/")), false);
  });

  test("none at all fits everything", () => assert.equal(fitsRepository([], "any/thing"), true));

  for (const wrong of ["", "/a", "a//b", "a/", "Team/app", "a/b**", "a/***", "a b", 'a"b']) {
    test(`${JSON.stringify(wrong)} is no pattern`, () => {
      assert.equal(repositoryPattern.safeParse(wrong).success, false);
    });
  }
});
