import assert from "node:assert/strict";
import { test } from "node:test";
import { startEdgeLoad } from "@metacircular/testkit/edge-load.ts";
import { createEdgeNode, edgeZone } from "@metacircular/testkit/edge-node.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { aNodeApplication } from "@metacircular/testkit/node-application.ts";
import { createOperator } from "@metacircular/testkit/operator.ts";
import { aRoute } from "@metacircular/testkit/specs.ts";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

const redeploys = 50;

test(`no request fails in ${redeploys} redeploys that start first`, async (t) => {
  await using node = await createEdgeNode({ drainTimeout: "200ms" });
  const operator = createOperator(node);
  const application = await aNodeApplication(node.directory);
  const { port } = node.proxy;
  const version = (number: number) => application(`v${number}`, { routes: [aRoute({ port })] });
  await operator.deploy("hello", [version(0)]);
  const target = { port, hostname: `hello.${edgeZone}`, ca: node.authority.roots };
  await eventually(async () => {
    const status = await node.proxy.client.status();
    assert.deepEqual(status.problems, []);
  });
  await using load = startEdgeLoad(target);
  await eventually(() => assert.ok(Object.values(load.answered).every((count) => count > 0)));
  for (let number = 1; number <= redeploys; number += 1) {
    const { outcome, results } = await operator.deploy("hello", [version(number)]);
    assert.equal(outcome, OperationOutcome.SUCCEEDED, results.map(({ error }) => error).join("; "));
    await eventually(() => assert.ok(load.versions.has(`v${number}`)));
  }
  assert.deepEqual(load.failures, []);
  assert.equal(load.versions.size, redeploys + 1);
  assert.ok(Object.values(load.answered).every((count) => count > redeploys));
  t.diagnostic(JSON.stringify(load.answered));
});
