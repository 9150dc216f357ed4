import assert from "node:assert/strict";
import { test } from "node:test";

import { type ProcessFact, workersOf } from "./end-build.ts";

const process = (pid: number, parentPid: number, name: string): ProcessFact => ({ pid, parentPid, name });

test("the programs of an instruction are found below podman's helpers, also where podman starts itself again", () => {
  const rootful = [
    process(10, 1, "podman"),
    process(11, 10, "exe"),
    process(12, 11, "sh"),
    process(13, 12, "make"),
  ];
  assert.deepEqual(workersOf(10, rootful), [12, 13]);
  const rootless = [
    process(10, 1, "podman"),
    process(20, 10, "podman"),
    process(21, 20, "exe"),
    process(22, 21, "sh"),
  ];
  assert.deepEqual(
    workersOf(10, [...rootless, process(30, 1, "podman"), process(31, 30, "exe"), process(32, 31, "sh")]),
    [22],
  );
  assert.deepEqual(workersOf(10, [process(10, 1, "podman")]), []);
});
