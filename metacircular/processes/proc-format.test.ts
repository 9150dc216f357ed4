import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBootTimeMs, parseCommandLine, parseStat } from "./proc-format.ts";

const rest = "1 4242 4242 0 -1 4194560 1 0 0 0 3 1 0 0 20 0 11 0 987654 1000 200";

test("the state and start of a process are read behind whatever its name is", () => {
  const expected = { state: "S", startTicks: 987654 };
  assert.deepEqual(parseStat(`4242 (node) S ${rest}`), expected);
  assert.deepEqual(parseStat(`4242 (a) Z (b c) S ${rest}`), expected);
  assert.equal(parseStat(""), undefined);
});

test("arguments are kept apart, also empty ones", () => {
  assert.deepEqual(parseCommandLine("node\0main.ts\0\0--x\0"), ["node", "main.ts", "", "--x"]);
  assert.deepEqual(parseCommandLine(""), []);
});

test("the machine's start is read from among other counters", () => {
  assert.equal(parseBootTimeMs("cpu 1 2\nbtime 1700000000\nprocesses 5\n"), 1_700_000_000_000);
});
