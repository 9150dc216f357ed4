import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createGate, type Gate } from "./gate.ts";

const gateOf = (width: number, maxWaiting = 10): Gate =>
  createGate({ subject: "a database", width, maxWaiting });

/** Something that is inside until it is told to leave. */
function visitor(gate: Gate, signal?: AbortSignal) {
  const leave = Promise.withResolvers<void>();
  let isInside = false;
  const left = gate.pass(async () => {
    isInside = true;
    await leave.promise;
  }, signal);
  left.catch(() => undefined);
  return { leave: leave.resolve, left, isInside: () => isInside };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a gate", () => {
  test("lets as many through as it is wide, and the others in their order", async () => {
    const gate = gateOf(2);
    const [a, b, c, d] = [visitor(gate), visitor(gate), visitor(gate), visitor(gate)];
    await settle();
    assert.deepEqual(
      [a, b, c, d].map((one) => one.isInside()),
      [true, true, false, false],
    );
    b.leave();
    await b.left;
    await settle();
    assert.deepEqual(
      [c, d].map((one) => one.isInside()),
      [true, false],
    );
    for (const one of [a, c, d]) one.leave();
    await Promise.all([a.left, c.left, d.left]);
  });

  test("refuses who would have to wait behind too many", async () => {
    const gate = gateOf(1, 1);
    const [inside, waiting] = [visitor(gate), visitor(gate)];
    await assert.rejects(
      gate.pass(async () => undefined),
      { code: "DATABASE_BUSY", category: "unavailable" },
    );
    inside.leave();
    waiting.leave();
    await waiting.left;
  });

  test("forgets who gives up, and lets the next one in", async () => {
    const gate = gateOf(1);
    const patience = new AbortController();
    const inside = visitor(gate);
    const [impatient, next] = [visitor(gate, patience.signal), visitor(gate)];
    patience.abort(new Error("enough"));
    await assert.rejects(impatient.left, /enough/);
    inside.leave();
    next.leave();
    await next.left;
    assert.ok(!impatient.isInside());
  });

  test("goes on after work that fails", async () => {
    const gate = gateOf(1);
    await assert.rejects(
      gate.pass(() => Promise.reject(new Error("no"))),
      /no/,
    );
    assert.equal(await gate.pass(async () => 7), 7);
  });

  test("is idle when the last one has left", async () => {
    const gate = gateOf(1);
    const [inside, waiting] = [visitor(gate), visitor(gate)];
    let isIdle = false;
    const idle = gate.idle().then(() => (isIdle = true));
    inside.leave();
    await inside.left;
    await settle();
    assert.ok(!isIdle);
    waiting.leave();
    await idle;
    await gate.idle();
  });
});
