import assert from "node:assert/strict";
import { test } from "node:test";
import type { Patient } from "./check.ts";
import { type Disk, diskCheck, judgeDisk } from "./disk.ts";

const gibibyte = 2 ** 30;
const roomy: Disk = {
  subject: "/srv (services)",
  totalBytes: 100 * gibibyte,
  freeBytes: 50 * gibibyte,
  totalInodes: 1_000_000,
  freeInodes: 900_000,
};

for (const [what, fields, severity, found] of [
  ["half empty", {}, "ok", /^51200 MiB of 102400 MiB are free$/],
  ["nearly full", { freeBytes: 5 * gibibyte }, "warning", /^5120 MiB of/],
  ["too full to deploy", { freeBytes: gibibyte / 8 }, "problem", /^128 MiB of .* deploys need 256 MiB$/],
  ["short of inodes", { freeInodes: 50_000 }, "warning", /^50000 of 1000000 inodes/],
  ["out of inodes", { freeInodes: 10 }, "problem", /^10 of 1000000 inodes/],
  ["without a fixed number of inodes", { totalInodes: 0, freeInodes: 0 }, "ok", /MiB are free$/],
] as const) {
  test(`a disk that is ${what} is ${severity}`, () => {
    const judged = judgeDisk({ ...roomy, ...fields });
    assert.equal(judged.severity, severity);
    assert.match(judged.found, found);
  });
}

test("a directory that is missing does not hide the others", async () => {
  const patient = {
    directories: { services: "/missing/srv", state: "" },
    files: { database: import.meta.filename },
    runtime: { storageDirectory: () => Promise.reject(new Error("it does not answer")) },
  };
  const judged = await diskCheck.run(patient as unknown as Patient, AbortSignal.timeout(10_000));
  assert.deepEqual(
    judged.map(({ subject }) => subject),
    [`${import.meta.dirname} (registry)`],
  );
});
