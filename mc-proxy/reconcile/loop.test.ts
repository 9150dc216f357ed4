import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { startReconciliation } from "./loop.ts";

function aLoop(overrides: Partial<Parameters<typeof startReconciliation>[0]> = {}) {
  const seen = { refreshed: 0, checked: 0, lines: [] as string[] };
  const destination = { write: (line: string) => void seen.lines.push(line) };
  const loop = startReconciliation({
    refresh: async () => {
      seen.refreshed += 1;
    },
    check: async () => {
      seen.checked += 1;
    },
    intervalMs: 3_600_000,
    clock: systemClock,
    logger: createLogger({ name: "t", level: "debug", destination }),
    ...overrides,
  });
  return { seen, loop };
}

describe("the reconciliation", () => {
  test("looks at once, and in intervals", async () => {
    const { seen, loop } = aLoop({ intervalMs: 5 });
    await using _ = loop;
    await eventually(() => assert.ok(seen.refreshed >= 5 && seen.checked >= 5));
  });

  test("looks soon after a nudge, once for many", async () => {
    const { seen, loop } = aLoop();
    await using _ = loop;
    await eventually(() => assert.equal(seen.checked, 1));
    for (let nudge = 0; nudge < 10; nudge += 1) loop.nudge();
    await eventually(() => assert.equal(seen.checked, 2));
    loop.nudge();
    await eventually(() => assert.equal(seen.checked, 3));
  });

  test("goes on after a failure, which it says once, and compares all the same", async () => {
    const { seen, loop } = aLoop({
      intervalMs: 5,
      refresh: async () => {
        throw new Error("no room");
      },
    });
    await using _ = loop;
    await eventually(() => assert.ok(seen.checked >= 5));
    assert.equal(seen.lines.filter((line) => line.includes("no room")).length, 1);
  });

  test("ends at once when it is disposed, and cancels the comparison", async () => {
    let signal: AbortSignal | undefined;
    const { loop } = aLoop({
      check: async (given) => {
        signal = given;
        await systemClock.sleep(3_600_000, given).catch(() => {});
      },
    });
    await eventually(() => assert.ok(signal !== undefined));
    await loop[Symbol.asyncDispose]();
    assert.equal(signal?.aborted, true);
  });
});
