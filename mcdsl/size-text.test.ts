import assert from "node:assert/strict";
import { test } from "node:test";
import { sizeText } from "./size-text.ts";

test("sizes have three digits at most before the unit", () => {
  const table: readonly (readonly [number, string])[] = [
    [0, "0 B"],
    [900, "900 B"],
    [1023, "1.0 KiB"],
    [1024, "1.0 KiB"],
    [999, "999 B"],
    [1_000, "1.0 KiB"],
    [102_348, "99.9 KiB"],
    [102_349, "100 KiB"],
    [102_390, "100 KiB"],
    [1_023_487, "999 KiB"],
    [1_023_488, "1.0 MiB"],
    [1_500_000, "1.4 MiB"],
    [120 * 1024 ** 3, "120 GiB"],
    [5000 * 1024 ** 5, "5000 PiB"],
  ];
  for (const [sizeBytes, text] of table) assert.equal(sizeText(sizeBytes), text);
});
