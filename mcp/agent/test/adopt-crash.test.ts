import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { createCrashNode } from "@metacircular/testkit/crash-matrix.ts";
import { type CrashPoint, crashMoments } from "@metacircular/testkit/crash-point.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";

const { SUCCEEDED, UNCHANGED } = OperationOutcome;

test("an adoption that the agent is killed in should be finished, and answer as if nothing had happened", async () => {
  await using node = await createCrashNode();
  const client = () => node.agent.client;
  for (const moment of crashMoments) {
    const service = `killed-${moment}`;
    const names = ["api", "web"].map((part) => `${service}-${part}`);
    for (const name of names) await node.podman.cli("run", "-d", "--name", name, "localhost/web:silent");
    const ids = await node.podman.cli("inspect", ...names, "--format", "{{.Id}} {{.State.StartedAt}}");
    const point: CrashPoint = { kind: "record-adoption", occurrence: 1, moment };
    await writeFile(node.crashFile, JSON.stringify(point));
    const operationId = randomUUID();
    await assert.rejects(client().adoptContainer({ service, operationId }), `it was not killed ${moment}`);
    await node.agent.ended();
    await node.agent.start();
    await eventually(async () => {
      const { operations } = await client().listOperations({ service, inProgress: true });
      assert.deepEqual(operations, []);
    });
    const answer = await client().adoptContainer({ service, operationId });
    assert.equal(answer.outcome, SUCCEEDED);
    assert.deepEqual(
      answer.results.map(({ container, success, alreadyManaged }) => [container, success, alreadyManaged]),
      names.map((name) => [name, true, false]),
    );
    const { services } = await client().getServiceStatus({ name: service });
    const spec = services.find(({ name }) => name === service)?.spec;
    assert.ok(spec !== undefined && spec.components.length === names.length);
    assert.equal((await client().deploy({ service: spec })).outcome, UNCHANGED);
    assert.equal(await node.podman.cli("inspect", ...names, "--format", "{{.Id}} {{.State.StartedAt}}"), ids);
    assert.equal((await client().listRevisions({ service })).revisions.length, 1);
  }
});
