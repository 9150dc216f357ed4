import assert from "node:assert/strict";
import { test } from "node:test";

import { splitWords } from "./words.ts";

for (const [text, words] of [
  ["vi", ["vi"]],
  ["  code   --wait\t-n ", ["code", "--wait", "-n"]],
  [`"/opt/My Editor/ed" -c 'set nu'`, ["/opt/My Editor/ed", "-c", "set nu"]],
  [String.raw`a\ b "c\"d\\e\f" 'g\h'`, ["a b", String.raw`c"d\e\f`, String.raw`g\h`]],
  [`x"y"'z' '' ""`, ["xyz", "", ""]],
  ["sh -c 'echo $HOME; `id`'", ["sh", "-c", "echo $HOME; `id`"]],
  ["a \\\n b", ["a", "b"]],
  ["", []],
  [`"open`, undefined],
  [`'open`, undefined],
] as const) {
  test(`${JSON.stringify(text)} is split as a shell does`, () => assert.deepEqual(splitWords(text), words));
}
