import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { quoteForShell } from "./shell.ts";

test("a shell reads back exactly what was quoted", () => {
  for (const text of [
    "/plain/path",
    "with space",
    "it's",
    '$HOME `id` \\ "x"',
    "",
    "é\nnew line",
    "~",
    "-n",
  ]) {
    const script = `printf %s ${quoteForShell(text)}`;
    assert.equal(execFileSync("sh", ["-c", script], { encoding: "utf8" }), text);
  }
});
