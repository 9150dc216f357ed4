import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { interleave, median, spread } from "./measure.ts";

describe("interleaved rounds", () => {
  test("run the sides in turn and in alternating order", async () => {
    const order: string[] = [];
    const side = (name: string) => (round: number) => Promise.resolve(order.push(`${name}${round}`));
    await interleave({ ours: side("o"), peer: side("p") }, { rounds: 1, warmUps: 2 });
    assert.deepEqual(order, ["o0", "p0", "p1", "o1", "o2", "p2"]);
  });

  test("leave the warm-ups out", async () => {
    const { ours } = await interleave({ ours: (round) => Promise.resolve(round) }, { rounds: 3, warmUps: 2 });
    assert.deepEqual(ours, [2, 3, 4]);
  });

  test("are refused when their number is even", async () => {
    await assert.rejects(interleave({ ours: () => Promise.resolve(1) }, { rounds: 2 }), /odd/);
  });

  test("end at once when a side fails", async () => {
    const failing = interleave({ ours: () => Promise.reject(new Error("broken")) }, { rounds: 3 });
    await assert.rejects(failing, /broken/);
  });
});

test("the median is the middle value, whatever the order", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.throws(() => median([]), /nothing was measured/);
});

test("the spread is the distance of the quartiles relative to the median", () => {
  assert.equal(spread([1, 2, 3, 4, 5]), 2 / 3);
  assert.equal(spread([7, 7, 7]), 0);
});
