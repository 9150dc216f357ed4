import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { defaultHealth } from "@metacircular/mcp-core/spec.ts";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { answerOn, aWeb, createOperator, type Operator } from "@metacircular/testkit/operator.ts";

const run = promisify(execFile);

describe("a full disk of the agent's registry", () => {
  let node: TestNode;
  let operator: Operator;
  let disk: string;
  const resources = new AsyncDisposableStack();

  before(async () => {
    node = resources.use(await createTestNode({ monitor: 'interval = "1s"' }));
    operator = createOperator(node);
    disk = join(node.directory, "disk");
    await mkdir(disk);
    await run("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", disk]);
    resources.defer(async () => void (await run("umount", ["--lazy", disk])));
    await node.agent.program[Symbol.asyncDispose]();
    const { configFile } = node.agent;
    const text = await readFile(configFile, "utf8");
    await writeFile(configFile, text.replace(join(node.directory, "mcp.db"), join(disk, "mcp.db")));
    await node.agent.start();
    await operator.deploy("hello", [aWeb("v1", { update: "start-first" })]);
  });
  after(() => resources.disposeAsync());

  /** Fills the disk until it is disposed. */
  async function fill(): Promise<AsyncDisposable> {
    const file = join(disk, "filling");
    for (const size of [1_048_576, 65_536, 4_096, 1]) {
      await assert.rejects(
        async () => {
          for (;;) await appendFile(file, Buffer.alloc(size));
        },
        { code: "ENOSPC" },
      );
    }
    return { [Symbol.asyncDispose]: () => rm(file) };
  }

  test("refuses what cannot be written down, touches nothing, and is over when there is space", async () => {
    const { child, log } = node.agent.program;
    {
      await using _ = await fill();
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
    // Time to fill the disk before the new container is taken for healthy.
    const health = { ...defaultHealth, settleMs: 3_000 };
    await operator.deploy("later", [aWeb("v1", { update: "start-first" })]);
    const deploying = operator.deploy("later", [aWeb("v2", { update: "start-first", health })]);
    await node.agent.program.line((line) => line.includes('"step":"start later-web.next","msg":"step done"'));
    {
      await using _ = await fill();
      await node.agent.program.line((line) => line.includes("cannot take up the operation yet"));
      assert.ok((await operator.containers("later")).includes("later-web running"));
    }
    const { outcome, operationId } = await deploying;
    assert.equal(outcome, OperationOutcome.SUCCEEDED);
    assert.deepEqual(await operator.containers("later"), ["later-web running"]);
    assert.equal(await answerOn(await operator.hostPort("later")), "v2");
    const { operations } = await node.agent.client.listOperations({ service: "later" });
    assert.deepEqual([operations[0]?.id, operations[0]?.outcome], [operationId, OperationOutcome.SUCCEEDED]);
    assert.equal(node.agent.program.child.exitCode, null);
  });
});
