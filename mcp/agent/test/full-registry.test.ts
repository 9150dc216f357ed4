import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { answerOn, aWeb, createOperator, type Operator } from "@metacircular/testkit/operator.ts";
import { createSmallDisk, type SmallDisk } from "@metacircular/testkit/small-disk.ts";

describe("a full disk of the agent's registry", () => {
  let node: TestNode;
  let operator: Operator;
  let disk: SmallDisk;
  const resources = new AsyncDisposableStack();

  before(async () => {
    node = resources.use(await createTestNode({ monitor: 'interval = "1s"' }));
    operator = createOperator(node);
    disk = resources.use(await createSmallDisk(16 * 1024));
    await node.agent.program[Symbol.asyncDispose]();
    const { configFile } = node.agent;
    const text = await readFile(configFile, "utf8");
    await writeFile(configFile, text.replace(join(node.directory, "mcp.db"), join(disk.path, "mcp.db")));
    await node.agent.start();
    await operator.deploy("hello", [aWeb("v1", { update: "start-first" })]);
  });
  after(() => resources.disposeAsync());

  /** Fills the disk until it is disposed. */
  function fill(): Disposable {
    disk.fill();
    return { [Symbol.dispose]: () => disk.free() };
  }

  test("refuses what cannot be written down, touches nothing, and is over when there is space", async () => {
    const { child, log } = node.agent.program;
    {
      using _ = fill();
      await assert.rejects(
        operator.deploy("hello", [aWeb("v2", { update: "start-first" })]).catch((error: unknown) => {
          throw fromConnectError(error);
        }),
        {
          code: "DATABASE_WRITE_FAILED",
          category: "resource-exhausted",
          message: /disk is full; free some space/u,
        },
      );
      await node.agent.program.line((line) => line.includes("cannot observe"));
      const { services } = await node.agent.client.getServiceStatus({});
      assert.deepEqual(
        services.map(({ name }) => name),
        ["hello"],
      );
      assert.deepEqual(await operator.containers("hello"), ["hello-web running"]);
    }
    const { outcome } = await operator.deploy("hello", [aWeb("v2", { update: "start-first" })]);
    assert.equal(outcome, OperationOutcome.SUCCEEDED);
    assert.equal(await answerOn(await operator.hostPort("hello")), "v2");
    assert.equal(node.agent.program.child, child, "the agent was started again");
    assert.deepEqual([child.exitCode, child.signalCode], [null, null], log.slice(-5).join("\n"));
  });

  test("holds an operation up in the middle, which goes on when there is space", async () => {
    await operator.deploy("later", [aWeb("v1", { update: "start-first" })]);
    const deploying = operator.deploy("later", [aWeb("late", { update: "start-first" })]);
    await node.agent.program.line((line) => line.includes('"step":"start later-web.next","msg":"step done"'));
    {
      using _ = fill();
      await node.podman.cli("exec", "later-web.next", "touch", "/go");
      await node.agent.program.line((line) => line.includes("cannot take up the operation yet"));
      assert.ok((await operator.containers("later")).includes("later-web running"));
    }
    const { outcome, operationId } = await deploying;
    assert.equal(outcome, OperationOutcome.SUCCEEDED);
    assert.deepEqual(await operator.containers("later"), ["later-web running"]);
    assert.equal(await answerOn(await operator.hostPort("later")), "late");
    const { operations } = await node.agent.client.listOperations({ service: "later" });
    assert.deepEqual([operations[0]?.id, operations[0]?.outcome], [operationId, OperationOutcome.SUCCEEDED]);
    assert.equal(node.agent.program.child.exitCode, null);
  });
});
