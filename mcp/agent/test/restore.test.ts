import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { answerOn, aWeb, createOperator } from "@metacircular/testkit/operator.ts";
import { checkout } from "@metacircular/testkit/program.ts";
import { openRegistry } from "../registry/registry.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function agent(node: TestNode, command: string, ...args: readonly string[]): Promise<Ended> {
  const argv = [command, "--config", node.agent.configFile, ...args];
  return new Promise((resolve) => {
    execFile(join(checkout, "bin/mcp-agent"), argv, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

/** As an agent leaves it that dies in the middle of an operation. */
function beginOperation(node: TestNode, id: string, intent: Intent): void {
  using registry = openRegistry(join(node.directory, "mcp.db"), systemClock);
  registry.operations.begin({ id, caller: "test", intent, startedAtMs: systemClock.now() });
}

async function statesOf(node: TestNode): Promise<string[]> {
  const { services } = await node.agent.client.getServiceStatus({});
  return services
    .flatMap(({ name, components }) =>
      components.map((each) => `${name}/${each.name} ${each.desiredState} ${each.observedState}`),
    )
    .toSorted();
}

test("a registry is restored and then agrees with what runs, whatever happened since the snapshot", async () => {
  await using node = await createTestNode();
  const operator = createOperator(node);
  await operator.deploy("shop", [aWeb("v1")]);
  await operator.deploy("gone", [aWeb("v1")]);
  beginOperation(node, "in-progress", { kind: "undeploy", service: "shop" });
  const snapshot = (await agent(node, "snapshot")).stdout.trim();

  await operator.deploy("shop", [aWeb("v2")]);
  await operator.deploy("late", [aWeb("v1")]);
  await node.agent.client.undeployService({ name: "gone" });
  const refused = await agent(node, "restore", snapshot, "--yes");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /another agent works with it/u);

  await node.agent.program[Symbol.asyncDispose]();
  assert.match((await agent(node, "restore", "--latest")).stderr, /add --yes/u);
  const restored = await agent(node, "restore", "--latest", "--yes");
  assert.equal(restored.code, 0, restored.stderr);
  assert.equal(restored.stdout.trim(), snapshot);
  assert.match(restored.stderr, /Abandoned the undeploy of shop that was in progress/u);
  const kept = /is kept as (\S+)\.\n/u.exec(restored.stderr)?.[1] ?? "";
  {
    using replaced = openRegistry(kept, systemClock);
    assert.deepEqual(replaced.services.names().toSorted(), ["late", "shop"]);
  }
  assert.match((await agent(node, "snapshot", "--list")).stdout, /replaced by a restore/u);

  await node.agent.start();
  await eventually(async () => {
    assert.deepEqual(await statesOf(node), [
      "gone/web running removed",
      "late/web ignore running",
      "shop/web running running",
    ]);
  });
  const { operations } = await node.agent.client.listOperations({ service: "shop" });
  const abandoned = operations.find(({ id }) => id === "in-progress");
  assert.equal(abandoned?.outcome, OperationOutcome.FAILED);
  assert.equal(abandoned.error?.code, "OPERATION_ABANDONED");

  for (const [service, version] of [
    ["shop", "v2"],
    ["gone", "v1"],
  ] as const) {
    const { outcome } = await operator.deploy(service, [aWeb(version)]);
    assert.equal(outcome, OperationOutcome.SUCCEEDED, service);
    assert.deepEqual(await operator.containers(service), [`${service}-web running`]);
    assert.match(await answerOn(await operator.hostPort(service)), new RegExp(version, "u"));
  }
  assert.deepEqual(await operator.containers("late"), ["late-web running"]);
  assert.deepEqual(
    (await readdir(node.directory)).filter((name) => name.endsWith(".tmp")),
    [],
  );
});
