import assert from "node:assert/strict";
import { test } from "node:test";
import { type CrashRow, runCrashMatrix } from "@metacircular/testkit/crash-matrix.ts";

/** `make faults` tries every point; here it is every ninth, with all moments and all operations among them. */
const share = 9;

test("an agent that is killed in an operation ends it when it is back, exactly once", async (context) => {
  const failed: CrashRow[] = [];
  for await (const row of runCrashMatrix(share)) {
    context.diagnostic(`${row.operation} | ${row.step} | ${row.point} | ${row.outcome}`);
    if (!row.recovered) failed.push(row);
  }
  assert.deepEqual(failed, []);
});
