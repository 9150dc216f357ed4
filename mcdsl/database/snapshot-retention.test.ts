import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { expiredSnapshots } from "./snapshot-retention.ts";

const nowMs = 1_000_000;
const at = (takenAtMs: number) => ({
  file: `at-${takenAtMs}`,
  takenAtMs,
  sizeBytes: 1,
  isReplaced: false,
});
const newestFirst = [at(1_000_000), at(999_000), at(990_000), at(100)];

function expired(keep: number, keepForMs: number, verified = "at-1000000"): number[] {
  return expiredSnapshots(newestFirst, { keep, keepForMs }, { verified, nowMs }).map(
    ({ takenAtMs }) => takenAtMs,
  );
}

describe("of snapshots", () => {
  test("those beyond the number to keep expire, the oldest ones", () => {
    assert.deepEqual(expired(2, nowMs), [990_000, 100]);
  });

  test("those that are too old expire, however few they are", () => {
    assert.deepEqual(expired(10, 5_000), [990_000, 100]);
  });

  test("the verified one never expires", () => {
    assert.deepEqual(expired(1, 0, "at-100"), [999_000, 990_000]);
  });
});
