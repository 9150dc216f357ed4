import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { lineDiff } from "./line-diff.ts";

const text = (...lines: string[]): string => lines.map((line) => `${line}\n`).join("");

test("nothing is shown of equal texts, whatever their line ends", () => {
  assert.deepEqual(lineDiff("a\nb\n", "a\r\nb"), []);
});

test("a change is shown with two lines around it and where it is", () => {
  const before = text("1", "2", "3", "4", "5", "6", "7", "8", "9");
  const after = text("1", "2", "3", "four", "5", "6", "7", "8", "9", "10");
  assert.deepEqual(lineDiff(before, after), [
    ...["@@ -2 +2 @@", " 2", " 3", "-4", "+four", " 5", " 6"],
    ...["@@ -8 +8 @@", " 8", " 9", "+10"],
  ]);
});

test("what is shown leads from one text to the other", () => {
  const texts = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const shown = lineDiff(text(...before), text(...after)).filter((line) => !line.startsWith("@@"));
      const side = (mark: string): string[] =>
        shown.filter((line) => line.startsWith(mark)).map((line) => line.slice(1));
      assert.equal(before.length - side("-").length, after.length - side("+").length);
      assert.deepEqual([...before].toSorted(), [...without(after, side("+")), ...side("-")].toSorted());
    }),
  );
});

function without(lines: readonly string[], removed: readonly string[]): string[] {
  const rest = [...lines];
  for (const line of removed) rest.splice(rest.indexOf(line), 1);
  return rest;
}
