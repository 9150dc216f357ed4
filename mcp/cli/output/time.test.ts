import assert from "node:assert/strict";
import { test } from "node:test";

import { formatAge, formatLocalTime, formatSpan, parseSince } from "./time.ts";

test("an age is given in its largest unit and is never negative", () => {
  const ages = [0, 999, 59_000, 60_000, 3_600_000 * 5, 86_400_000 * 40, -5_000].map((ms) => formatAge(0, ms));
  assert.deepEqual(ages, ["0s", "0s", "59s", "1m", "5h", "40d", "0s"]);
});

test("a span is precise where it is short", () => {
  assert.deepEqual([3, 999, 1_250, 74_600].map(formatSpan), ["3ms", "999ms", "1.3s", "75s"]);
});

test("a local time reads back as the same moment", () => {
  const timeMs = Date.UTC(2026, 10, 21, 6, 29, 48);
  assert.equal(Date.parse(formatLocalTime(timeMs).replace(" ", "T")), timeMs);
});

test("--since takes a duration or a point in time and nothing else", () => {
  assert.equal(parseSince("1h30m", 10_000_000), 4_600_000);
  assert.equal(parseSince("2026-11-21T06:00:00Z", 0), Date.UTC(2026, 10, 21, 6));
  for (const text of ["", "yesterday", "5", "2026-13-41"]) {
    assert.throws(() => parseSince(text, 0), { code: "TIME_INVALID" });
  }
});
