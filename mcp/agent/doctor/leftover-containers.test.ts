import assert from "node:assert/strict";
import { test } from "node:test";
import { type Container, labels } from "../runtime/runtime.ts";
import { judgeContainers } from "./leftover-containers.ts";

function aContainer(name: string, own: Record<string, string>): Container {
  return {
    ...{ id: name, name, image: "", imageId: "", state: "exited", pid: 0, createdAtMs: 0, startedAtMs: 0 },
    ...{ exitedAtMs: 0, exitCode: 0, labels: own, ports: [], networks: [] },
  };
}

const ours = { [labels.service]: "shop", [labels.component]: "web", [labels.node]: "rift" };
const calm = { node: "rift", runtime: "podman", isBusy: () => false, isManaged: () => true };

test("containers of others, and ours by their right name, are no finding", () => {
  const [judged] = judgeContainers([aContainer("theirs", {}), aContainer("shop-web", ours)], calm);
  assert.deepEqual([judged?.severity, judged?.found], ["ok", "none is left over; 1 are MCP's"]);
});

test("what an update is at work on is none either", () => {
  const containers = [aContainer("shop-web", ours), aContainer("shop-web.next", ours)];
  const [judged] = judgeContainers(containers, { ...calm, isBusy: (service) => service === "shop" });
  assert.equal(judged?.severity, "ok");
});

test("the version before an update that has ended is left over", () => {
  const [judged] = judgeContainers([aContainer("shop-web.previous", ours)], calm);
  assert.deepEqual([judged?.severity, judged?.remedy], ["warning", "podman rm --force shop-web.previous"]);
});
