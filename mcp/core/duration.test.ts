import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  const durations: [string, number][] = [
    ["500ms", 500],
    ["60s", 60_000],
    ["15m", 900_000],
    ["1h30m", 5_400_000],
    ["30d", 2_592_000_000],
    ["0s", 0],
    ["1d2h3m4s5ms", 93_784_005],
  ];
  for (const [text, expectedMs] of durations) {
    test(`reads ${text} as ${expectedMs} ms`, () => assert.equal(parseDuration(text), expectedMs));
  }

  for (const text of ["", "60", "s", "1.5h", "-1s", "1 h", " 1h", "30m1h", "1s1s", "1y", "9e9s", "1H"]) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), undefined));
  }

  test("refuses what cannot be counted exactly", () => {
    assert.equal(parseDuration("99999999999999999999d"), undefined);
  });
});

describe("formatDuration", () => {
  test("writes the shortest form, largest unit first", () => {
    assert.equal(formatDuration(5_400_000), "1h30m");
    assert.equal(formatDuration(86_400_000), "1d");
    assert.equal(formatDuration(0), "0s");
  });

  test("writes what parseDuration reads back", () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (durationMs) => {
        assert.equal(parseDuration(formatDuration(durationMs)), durationMs);
      }),
    );
  });
});
