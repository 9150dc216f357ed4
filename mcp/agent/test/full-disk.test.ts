import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import {
  ComponentOutcome,
  type DeployResponse,
  OperationOutcome,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { answerOn, aWeb, createOperator, type Operator } from "@metacircular/testkit/operator.ts";
import { startSteadyClient } from "@metacircular/testkit/steady-client.ts";

const run = promisify(execFile);
const mebibyte = 1024 * 1024;
/** More than the agent asks for before it deploys. */
const diskSize = "400m";

let node: TestNode;
let operator: Operator;
const resources = new AsyncDisposableStack();
/** Where the disks of this test are mounted: that of the service directories, and that of podman's store. */
let disks: { readonly services: string; readonly store: string };

before(async () => {
  node = resources.use(await createTestNode());
  operator = createOperator(node);
  const store = (await node.podman.cli("info", "--format", "{{.Store.GraphRoot}}")).trim();
  disks = { services: node.agent.servicesDir, store };
  await node.agent.program[Symbol.asyncDispose]();
  await mountDisk(disks.services);
  await mountDisk(disks.store);
  await node.agent.start();
});
after(() => resources.disposeAsync());

/** Mounts a small disk over a directory, with what the directory holds. */
async function mountDisk(directory: string): Promise<void> {
  const aside = `${node.directory}/aside`;
  await run("mkdir", ["-p", aside]);
  await run("mount", ["-t", "tmpfs", "-o", `size=${diskSize}`, "tmpfs", aside]);
  await run("cp", ["-a", `${directory}/.`, aside]);
  await run("mount", ["--move", aside, directory]);
  resources.defer(async () => {
    await run("umount", ["--lazy", directory]);
  });
}

/** Fills the disk but for `leaveBytes` until it is disposed. */
async function fill(directory: string, leaveBytes: number): Promise<AsyncDisposable> {
  const path = join(directory, "filling");
  const { bavail, bsize } = await statfs(directory);
  await writeFile(path, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)));
  return { [Symbol.asyncDispose]: () => rm(path) };
}

function assertDiskFull({ results: [result] }: DeployResponse, directory: string): void {
  assert.equal(result?.detail?.code, "DISK_FULL", result?.error ?? "no result");
  assert.equal(result.detail.subject, directory);
  assert.match(result.detail.found, /^\d+ MiB are free, 256 MiB are needed$/u);
}

describe("a full disk", () => {
  for (const disk of ["services", "store"] as const) {
    for (const update of ["start-first", "stop-first"] as const) {
      test(`of the ${disk} should not cost what runs, ${update}`, async () => {
        const service = `${disk}-${update}`;
        await operator.deploy(service, [aWeb("v1", { update })]);
        const started = await operator.inspect(`${service}-web`, "{{.Id}} {{.State.StartedAt}}");
        const port = await operator.hostPort(service);
        {
          await using _ = await fill(disks[disk], mebibyte);
          await using client = startSteadyClient(port);
          const response = await operator.deploy(service, [aWeb("v2", { update })]);
          assertDiskFull(response, disks[disk]);
          assert.equal(response.outcome, OperationOutcome.RESTORED);
          assert.equal(response.results[0]?.outcome, ComponentOutcome.RESTORED);
          assert.equal(await answerOn(port), "v1");
          assert.deepEqual(client.errors, []);
          assert.equal(await operator.inspect(`${service}-web`, "{{.Id}} {{.State.StartedAt}}"), started);
        }
        const next = await operator.deploy(service, [aWeb("v2", { update })]);
        assert.equal(next.outcome, OperationOutcome.SUCCEEDED, next.results[0]?.error ?? "no result");
        assert.equal(await answerOn(await operator.hostPort(service)), "v2");
        assert.deepEqual(await operator.containers(service), [`${service}-web running`]);
      });
    }

    test(`of the ${disk} should leave nothing of a first deploy`, async () => {
      await using _ = await fill(disks[disk], mebibyte);
      const response = await operator.deploy(`${disk}-new`, [aWeb("v1")]);
      assertDiskFull(response, disks[disk]);
      assert.equal(response.outcome, OperationOutcome.FAILED);
      assert.deepEqual(await operator.containers(`${disk}-new`), []);
    });
  }
});
