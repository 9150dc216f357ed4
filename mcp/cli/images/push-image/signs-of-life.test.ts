import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";

import { withSignsOfLife } from "./signs-of-life.ts";

const options = { sign: "sign", everyMs: 5, limitMs: 60_000, clock: systemClock };

test("a source that is still gets signs of life in between, and loses nothing", async () => {
  const ready = Promise.withResolvers<void>();
  async function* source(): AsyncGenerator<string, number> {
    yield "one";
    await ready.promise;
    yield "two";
    return 3;
  }
  const parts = withSignsOfLife(source(), options);
  const seen: unknown[] = [];
  for (let next = await parts.next(); ; next = await parts.next()) {
    if (seen.at(-1) !== next.value) seen.push(next.value);
    if (next.value === "sign") ready.resolve();
    if (next.done === true) break;
  }
  assert.deepEqual(seen, ["one", "sign", "two", 3]);
});

test("a source that fails does so, and one that is not needed any more is ended", async () => {
  let ended = 0;
  async function* source(fails: boolean): AsyncGenerator<string, number> {
    try {
      yield "one";
      if (fails) throw new Error("no podman");
      return 1;
    } finally {
      ended += 1;
    }
  }
  const failing = withSignsOfLife(source(true), options);
  await failing.next();
  await assert.rejects(failing.next(), /no podman/u);
  const left = withSignsOfLife(source(false), options);
  await left.next();
  await left.return(0);
  assert.equal(ended, 2);
});

test("a source that stays still is not vouched for without end", async () => {
  const never = new Promise<never>(() => {});
  async function* source(): AsyncGenerator<string, number> {
    yield await never;
    return 1;
  }
  const parts = withSignsOfLife(source(), { ...options, limitMs: 10 });
  const signs = [await parts.next(), await parts.next()].map(({ value }) => value);
  assert.deepEqual(signs, ["sign", "sign"]);
  const still = await Promise.race([parts.next(), systemClock.sleep(100).then(() => "still")]);
  assert.equal(still, "still");
});
