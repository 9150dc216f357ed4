import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { answerOn, aWeb, createOperator } from "@metacircular/testkit/operator.ts";
import { processesOf } from "@metacircular/testkit/podman-teardown.ts";
import { aComponent } from "@metacircular/testkit/specs.ts";

const services = 8;
/** What the product promises, beside the time for the images to start. */
const promisedMs = 10_000;
/** For the images to start on a busy machine, unless their deploys took longer. */
const leastStartMs = 20_000;

const silent = (fields: Partial<ComponentSpec> = {}) =>
  aComponent({ name: "quiet", image: "localhost/web:silent", ...fields });

/** Ends the agent, podman's service, every monitor and every container in the same moment. */
async function cutPower(node: TestNode): Promise<void> {
  const containers = JSON.parse(await node.podman.cli("ps", "--format", "json")) as { Pid: number }[];
  const monitors = await processesOf(node.podman);
  // The agent first: it must not see the others end.
  const pids = [
    node.agent.program.child.pid ?? 0,
    ...monitors.map(({ pid }) => pid),
    ...containers.map(({ Pid }) => Pid),
  ].filter((pid) => pid > 0 && pid !== process.pid);
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (thrown) {
      // It went with another one.
      assert.equal((thrown as NodeJS.ErrnoException).code, "ESRCH");
    }
  }
  await node.agent.ended();
}

test("after a reboot the agent brings back what should run, and nothing else", async (context) => {
  await using node = await createTestNode();
  const operator = createOperator(node);
  const names = Array.from({ length: services }, (_, index) => `service-${index}`);
  const stopped = ["service-0", "service-1"];
  const deployingAtMs = performance.now();
  for (const name of names) {
    const once = name === "service-7" ? { restart: "no" } : {};
    const { outcome } = await operator.deploy(name, [aWeb("v1", once), silent(once)]);
    assert.equal(outcome, OperationOutcome.SUCCEEDED);
  }
  const deployedMs = performance.now() - deployingAtMs;
  for (const name of stopped) await node.agent.client.stopService({ name });
  const before = await node.agent.client.listAlerts({});

  await cutPower(node);
  await writeFile(node.agent.bootIdFile, "the second boot\n");
  const beganAtMs = performance.now();
  await node.agent.start();
  const readyAtMs = performance.now();
  await eventually(
    async () => {
      for (const name of names) {
        const state = stopped.includes(name) ? "exited" : "running";
        assert.deepEqual(await operator.containers(name), [`${name}-quiet ${state}`, `${name}-web ${state}`]);
        if (state === "running") assert.equal(await answerOn(await operator.hostPort(name)), "v1");
      }
    },
    promisedMs + Math.max(leastStartMs, deployedMs),
  );
  const endedAtMs = performance.now();
  context.diagnostic(
    `${2 * (services - stopped.length)} of ${2 * services} containers were back ` +
      `${Math.round(endedAtMs - beganAtMs)} ms after the agent was started, ` +
      `which itself took ${Math.round(readyAtMs - beganAtMs)} ms`,
  );
  await eventually(async () => {
    const { operations } = await node.agent.client.listOperations({ inProgress: true });
    assert.deepEqual(operations, []);
  });
  const { drift } = await node.agent.client.getServiceStatus({});
  assert.deepEqual(drift, []);
  const { alerts } = await node.agent.client.listAlerts({});
  assert.deepEqual(alerts, before.alerts, "what came back raised no alert");

  // The same boot: the next agent has nothing to bring back.
  const { operations } = await node.agent.client.listOperations({ limit: 1_000 });
  await node.agent.program.kill();
  await node.agent.start();
  await node.agent.client.liveCheck({});
  const later = await node.agent.client.listOperations({ limit: 1_000 });
  assert.equal(later.operations.length, operations.length);
});
