import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseContentRange, parseRange, uploadRange } from "./range.ts";

test("one range of bytes is a part of the content, cut to its size", () => {
  const ranges: readonly [string | undefined, number, unknown][] = [
    ["bytes=0-0", 10, { start: 0, end: 0 }],
    ["bytes=5-", 10, { start: 5, end: 9 }],
    ["bytes=-3", 10, { start: 7, end: 9 }],
    ["bytes=-30", 10, { start: 0, end: 9 }],
    ["Bytes=2-99", 10, { start: 2, end: 9 }],
    ["bytes=10-", 10, "unsatisfiable"],
    ["bytes=5-4", 10, "unsatisfiable"],
    ["bytes=-0", 10, "unsatisfiable"],
    ["bytes=0-", 0, "unsatisfiable"],
    ["bytes=-1", 0, "unsatisfiable"],
    ["bytes=99999999999999999999999-", 10, "unsatisfiable"],
    [undefined, 10, undefined],
    ["", 10, undefined],
    ["bytes=-", 10, undefined],
    ["bytes=0-1,3-4", 10, undefined],
    ["chunks=0-1", 10, undefined],
  ];
  for (const [header, size, range] of ranges)
    assert.deepEqual(parseRange(header, size), range, String(header));
});

test("a range never leaves the content", () => {
  const header = fc
    .tuple(fc.option(fc.nat(200)), fc.option(fc.nat(200)))
    .map(([a, b]) => `bytes=${a ?? ""}-${b ?? ""}`);
  fc.assert(
    fc.property(header, fc.nat(100), (text, size) => {
      const range = parseRange(text, size);
      if (typeof range === "object")
        assert.ok(range.start >= 0 && range.start <= range.end && range.end < size);
    }),
  );
});

test("a chunk says where it belongs, in either of two ways", () => {
  assert.deepEqual(parseContentRange("0-99"), { start: 0, end: 99 });
  assert.deepEqual(parseContentRange("bytes 100-199/500"), { start: 100, end: 199 });
  assert.deepEqual(parseContentRange("bytes 100-199/*"), { start: 100, end: 199 });
  for (const bad of ["", "-", "0-", "-5", "9-8", "a-b", "0-1-2", "1e3-2e3", "0-99999999999999999999"])
    assert.equal(parseContentRange(bad), undefined, bad);
});

test("an upload says what it has", () => {
  assert.deepEqual([0, 1, 2, 1_000].map(uploadRange), ["0-0", "0-0", "0-1", "0-999"]);
});
