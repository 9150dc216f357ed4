import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDigest } from "./digest.ts";
import { isRepositoryName, isTag } from "./names.ts";

const good = [
  "a",
  "0",
  "library/hello",
  "a/b/c/d/e/f",
  "a.b",
  "a_b",
  "a__b",
  "a-b",
  "a---b",
  "9/9.9",
  "a".repeat(255),
];
const bad = [
  "",
  "/",
  "a/",
  "/a",
  "a//b",
  "A",
  "a/B",
  "-a",
  "a-",
  ".a",
  "a.",
  "a..b",
  "a___b",
  "a._b",
  "..",
  "../a",
  "a/../b",
  "a/./b",
  "a b",
  "a\0b",
  "a%2fb",
  "ä",
  "a:b",
  "a@b",
  "a\n",
  "a".repeat(256),
];

test("a repository has a name of the specification's grammar", () => {
  assert.deepEqual(
    good.filter((name) => !isRepositoryName(name)),
    [],
  );
  assert.deepEqual(
    bad.filter((name) => isRepositoryName(name)),
    [],
  );
});

test("a tag has up to 128 letters, digits, dots, dashes and underscores", () => {
  for (const tag of ["latest", "_", "1.0.0", "V1-rc.1_x", "a".repeat(128)]) assert.ok(isTag(tag), tag);
  for (const tag of ["", ".a", "-a", "a b", "a/b", "a:b", "ä", "a\n", "a".repeat(129)])
    assert.ok(!isTag(tag), tag);
});

const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const separator = fc.constantFrom(".", "_", "__", "-", "--", "-----");
const namePart = fc
  .tuple(word, fc.array(fc.tuple(separator, word), { maxLength: 3 }))
  .map(([first, rest]) => first + rest.map((pair) => pair.join("")).join(""));

test("every name that the grammar makes is one, however long its parts", () => {
  fc.assert(
    fc.property(fc.array(namePart, { minLength: 1, maxLength: 6 }), (parts) => {
      const name = parts.join("/");
      return isRepositoryName(name) === name.length <= 255;
    }),
  );
});

test("what is a name, a tag or a digest never leaves its place in a path", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "0", ".", "_", "-", "/", ":", "%", "\\", "\0", "A"),
    maxLength: 12,
  });
  fc.assert(
    fc.property(text, (input) => {
      if (isRepositoryName(input)) assert.ok(!input.split("/").some((part) => /^\.*$/.test(part)), input);
      if (isTag(input)) assert.ok(!input.includes("/") && !input.startsWith("."), input);
      assert.equal(parseDigest(input), undefined);
    }),
  );
});

test("a name that is nearly one is refused at once, whatever its length", () => {
  assert.ok(!isRepositoryName(`${"a-".repeat(120)}!`));
  assert.ok(!isRepositoryName("a".repeat(1_000_000)));
});
