import assert from "node:assert/strict";
import { test } from "node:test";
import type { CrashRow } from "@metacircular/testkit/crash-matrix.ts";
import { crashTable, summaryLine } from "./table.ts";

const recovered: CrashRow = {
  operation: "deploy",
  step: "pull-image",
  point: "before",
  outcome: "recovered",
  recovered: true,
};
const lost: CrashRow = {
  ...recovered,
  point: "after (2)",
  outcome: "there is drift\n\n+ more",
  recovered: false,
};

test("the table shows each point with the first line of its outcome", () => {
  assert.deepEqual(crashTable([recovered, lost]), [
    "OPERATION  STEP        KILLED     OUTCOME",
    "deploy     pull-image  before     recovered",
    "deploy     pull-image  after (2)  there is drift",
  ]);
});

test("the summary counts what did not recover", () => {
  assert.equal(summaryLine([recovered]), "recovered from all 1 crashes");
  assert.equal(summaryLine([recovered, lost]), "1 of 2 crashes did harm");
});
