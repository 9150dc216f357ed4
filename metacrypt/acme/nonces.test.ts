import assert from "node:assert/strict";
import { test } from "node:test";
import { Nonces } from "./nonces.ts";

test("a nonce is good once", () => {
  const nonces = new Nonces({ now: () => 1_000_000 });
  const nonce = nonces.create();
  assert.deepEqual([nonces.use(nonce), nonces.use(nonce)], [true, false]);
});

test("what was changed, cut, or made by another server is not good", () => {
  const clock = { now: () => 1_000_000 };
  const nonces = new Nonces(clock);
  const nonce = nonces.create();
  const changed = (nonce.startsWith("A") ? "B" : "A") + nonce.slice(1);
  for (const wrong of [changed, nonce.slice(0, -4), `${nonce}=`, "", new Nonces(clock).create()]) {
    assert.equal(nonces.use(wrong), false, wrong);
  }
});

test("a nonce that is older than an hour is not good", () => {
  let nowMs = 1_000_000;
  const nonces = new Nonces({ now: () => nowMs });
  const [early, late] = [nonces.create(), nonces.create()];
  nowMs += 3_600_000;
  assert.equal(nonces.use(early), true);
  nowMs += 1;
  assert.equal(nonces.use(late), false);
});

test("however many are used, memory is bounded and none is good twice", () => {
  let nowMs = 1_000_000;
  const nonces = new Nonces({ now: () => nowMs });
  const first = nonces.create();
  assert.equal(nonces.use(first), true);
  for (let count = 0; count < 70_000; count++) {
    nowMs += count % 100 === 0 ? 1 : 0;
    nonces.use(nonces.create());
  }
  assert.equal(nonces.use(first), false);
  assert.equal(nonces.use(nonces.create()), true);
});
