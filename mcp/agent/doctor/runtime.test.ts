import assert from "node:assert/strict";
import { test } from "node:test";
import type { RuntimeInfo } from "../runtime/runtime.ts";
import { judgeRuntime } from "./runtime.ts";

const healthy: RuntimeInfo = {
  version: "5.4.0",
  rootless: false,
  cgroupVersion: "v2",
  cgroupControllers: ["cpu", "memory", "pids"],
  storageDriver: "overlay",
  mappedUserIds: 0,
  mappedGroupIds: 0,
};

for (const [what, fields, tookMs, expected] of [
  ["a current version", {}, 40, ["ok", "ok", "ok"]],
  ["version 3", { version: "3.4.4" }, 40, ["problem", "ok", "ok"]],
  ["one that is slow", {}, 3_000, ["warning", "ok", "ok"]],
  ["one that copies images", { storageDriver: "vfs" }, 40, ["ok", "warning", "ok"]],
  ["control groups of version 1", { cgroupVersion: "v1" }, 40, ["ok", "ok", "warning"]],
  ["missing controllers", { rootless: true, cgroupControllers: ["cpu"] }, 40, ["ok", "ok", "warning"]],
] as const) {
  test(`${what}: ${expected.join(", ")}`, () => {
    const judged = judgeRuntime("podman", { ...healthy, ...fields }, tookMs);
    assert.deepEqual(
      judged.map(({ severity }) => severity),
      expected,
    );
  });
}

test("an ordinary user is told how to get the controllers", () => {
  const [, , cgroups] = judgeRuntime("podman", { ...healthy, rootless: true, cgroupControllers: [] }, 40);
  assert.match(cgroups?.found ?? "", /no controllers; without memory and pids/);
  assert.match(cgroups?.remedy ?? "", /Delegate=.*delegate\.conf/);
});
