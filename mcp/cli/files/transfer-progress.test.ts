import assert from "node:assert/strict";
import { test } from "node:test";

import { transferLine } from "./transfer-progress.ts";

const mebibyte = 1024 * 1024;

test("the line of a transfer says how far it is, how fast, and how long it still takes", () => {
  assert.equal(
    transferLine(512 * mebibyte, 2048 * mebibyte, 4_000),
    " 25% [######                  ] 512 MiB of 2.0 GiB  128 MiB/s  12s left",
  );
});

test("the line of a transfer fits into 79 columns, whatever the numbers are", () => {
  for (const sizeBytes of [0, 1, 1023, 1_000_000, 2 ** 31, 2 ** 40]) {
    for (const doneBytes of [0, Math.floor(sizeBytes / 3), sizeBytes]) {
      for (const elapsedMs of [0, 1, 86_400_000]) {
        const line = transferLine(doneBytes, sizeBytes, elapsedMs);
        assert.ok(line.length < 80, line);
        assert.doesNotMatch(line, /NaN|Infinity/);
      }
    }
  }
});
