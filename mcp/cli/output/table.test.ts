import assert from "node:assert/strict";
import { test } from "node:test";

import { formatTable, plain } from "./table.ts";

const columns = [
  { heading: "NAME", text: (row: string[]) => row[0] ?? "", style: (text: string) => `<${text}>` },
  { heading: "STATE", text: (row: string[]) => row[1] ?? "" },
];

test("columns are as wide as their widest text, whatever the style adds", () => {
  assert.deepEqual(
    formatTable(columns, [
      ["mc-proxy", "running"],
      ["a", ""],
    ]),
    ["NAME      STATE", "<mc-proxy>  running", "<a       >"],
  );
});

test("nothing is printed for no rows", () => assert.deepEqual(formatTable(columns, []), []));

test("text from elsewhere cannot drive the terminal", () => {
  assert.equal(plain("a\u001b[31mb\nc\u009bd"), "a\\u001b[31mb\\u000ac\\u009bd");
});
