import assert from "node:assert/strict";
import { test } from "node:test";
import type { Census } from "@metacircular/testkit/census.ts";
import { checksOf, checkTable, type SoakSample } from "./report.ts";

function sample(deploys: number, fields: Partial<Census> = {}): SoakSample {
  return {
    elapsedS: 1,
    counts: { deploys, revisions: { shop: deploys }, failed: 0, rollbacks: 0, restarts: 0 },
    census: {
      residentMb: 100,
      threads: 11,
      fileDescriptors: { file: 8, socket: 4 },
      runtimeFileDescriptors: 20,
      containers: ["shop-web running"],
      processes: { conmon: 1 },
      files: { "node/run": 2 },
      rows: { operations: deploys, revisions: deploys, services: 1, tags: 1 },
      databaseBytes: 1,
      ...fields,
    },
  };
}

const failed = (before: SoakSample, after: SoakSample): string[] =>
  checksOf(before, after)
    .filter(({ met }) => !met)
    .map(({ name, after: found }) => `${name}: ${found}`);

test("a history that grows is what a node keeps, a hundred revisions of it", () => {
  const rows = { operations: 1_000, revisions: 100, services: 1, tags: 1 };
  assert.deepEqual(failed(sample(50), sample(1_000, { rows })), []);
});

test("whatever else grows is said, with what it was", () => {
  const after = sample(60, {
    residentMb: 131,
    fileDescriptors: { file: 9, socket: 40 },
    containers: ["shop-web running", "shop-web.next created"],
    files: { "node/run": 2, "node/srv": 1 },
    rows: { operations: 60, revisions: 60, services: 2, tags: 1 },
  });
  assert.deepEqual(failed(sample(50), after), [
    "resident memory of the agent: 131.0 MB (x 1.31)",
    "open files, sockets apart: file 9",
    "sockets: 40",
    "containers: shop-web running, shop-web.next created",
    "files and directories: 3; node/srv 0 -> 1",
    "rows of services: 2",
  ]);
  assert.match(checkTable(checksOf(sample(50), after)).join("\n"), /^threads +11 +11 +the same +yes$/m);
});
