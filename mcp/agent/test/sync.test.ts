import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { specToMessage } from "@metacircular/mcp-core/spec-codec.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import { OperationOutcome, type SyncResponse } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { aRoute } from "@metacircular/testkit/specs.ts";
import { answerOn, aWeb, createOperator, type Operator } from "@metacircular/testkit/operator.ts";

let node: TestNode;
let operator: Operator;

before(async () => {
  node = await createTestNode();
  operator = createOperator(node);
});
after(() => node[Symbol.asyncDispose]());

function spec(name: string, components: readonly ComponentSpec[], active = true) {
  return specToMessage({ name, node: "", active, components });
}

/** A second component, on another public port. */
const beside = (name: string, version: string): ComponentSpec =>
  aWeb(version, { name, routes: [aRoute({ port: 8443 })] });

async function sync(...services: ReturnType<typeof spec>[]): Promise<SyncResponse> {
  return node.agent.client.syncDesiredState({ services });
}

/** The one result of a sync of one service. */
async function syncOne(...declared: Parameters<typeof spec>) {
  const [result, ...others] = (await sync(spec(...declared))).results;
  assert.ok(result);
  assert.equal(others.length, 0);
  return result;
}

async function component(service: string, name = "web") {
  const { services } = await node.agent.client.getServiceStatus({ name: service });
  const found = services[0]?.components.find((each) => each.name === name);
  assert.ok(found);
  return found;
}

async function operations(service: string): Promise<string[]> {
  const { operations: list } = await node.agent.client.listOperations({ service });
  return list.map(({ kind }) => kind).toReversed();
}

test("a sync records what is declared and leaves what runs alone until a deploy", async () => {
  const { client } = node.agent;
  const first = await syncOne("shop", [aWeb("v1")]);
  assert.equal(first.summary, "new");
  assert.deepEqual(first.notes, ["not running: web: mcp deploy shop"]);
  assert.deepEqual(await operator.containers("shop"), []);
  await operator.deploy("shop", [aWeb("v1")]);
  const id = await operator.inspect("shop-web", "{{.Id}}");
  const port = await operator.hostPort("shop");

  const changed = await syncOne("shop", [aWeb("v2")]);
  assert.equal(changed.changed, true);
  assert.equal(changed.summary, "web: localhost/web:v1 → localhost/web:v2");
  assert.deepEqual(changed.notes, ["changed since deployed: web: mcp deploy shop"]);
  assert.equal(await operator.inspect("shop-web", "{{.Id}}"), id);
  const outdated = await component("shop");
  assert.deepEqual(
    [outdated.outdated, outdated.version, outdated.image, outdated.routes[0]?.hostPort],
    [true, "v1", "localhost/web:v2", port],
  );
  const listed = await client.listServices({});
  assert.equal(listed.services.find(({ name }) => name === "shop")?.components[0]?.outdated, true);

  await client.restartService({ name: "shop" });
  await client.stopService({ name: "shop" });
  await client.startService({ name: "shop" });
  assert.equal(await operator.inspect("shop-web", "{{.Id}}"), id);
  assert.equal(await answerOn(port), "v1");
  await assert.rejects(client.rollback({ service: "shop" }), /no revision differs from what is deployed/);
  const history = await client.listRevisions({ service: "shop" });
  assert.deepEqual(
    history.revisions.map(({ number, current }) => [Number(number), current]),
    [[1, true]],
  );

  const plan = await client.planDeploy({ service: spec("shop", [aWeb("v2")]) });
  assert.deepEqual(
    plan.changes.map(({ action, fields }) => [
      action,
      fields.map(({ field, before: from }) => [field, from]),
    ]),
    [["replace", [["image", "localhost/web:v1"]]]],
  );
  const deployed = await operator.deploy("shop", [aWeb("v2")]);
  assert.equal(deployed.revision, 2n);
  assert.equal(await answerOn(await operator.hostPort("shop")), "v2");
  assert.equal((await component("shop")).outdated, false);
  await client.rollback({ service: "shop" });
  assert.equal(await answerOn(await operator.hostPort("shop")), "v1");
});

test("the second sync changes nothing and writes nothing", async () => {
  await syncOne("twice", [aWeb("v1")]);
  const again = await syncOne("twice", [aWeb("v1")]);
  assert.deepEqual([again.changed, again.summary, again.operationId], [false, "", ""]);
  assert.deepEqual(await operations("twice"), ["sync"]);
});

test("what is inactive is stopped, also what is no longer declared, and stays", async () => {
  const { client } = node.agent;
  await operator.deploy("rest", [aWeb("v1"), beside("old", "v1")]);
  const preview = await client.syncDesiredState({
    services: [spec("rest", [aWeb("v1")], false)],
    dryRun: true,
  });
  assert.equal(preview.results[0]?.summary, "now inactive; web: stopped; old: stopped");
  assert.deepEqual(await operator.containers("rest"), ["rest-old running", "rest-web running"]);
  const result = await syncOne("rest", [aWeb("v1")], false);
  assert.equal(result.outcome, OperationOutcome.SUCCEEDED);
  assert.deepEqual(result.notes, [
    "old is not in the definition: mcp deploy rest removes it, mcp purge forgets it once it is stopped",
  ]);
  assert.deepEqual(await operator.containers("rest"), ["rest-old exited", "rest-web exited"]);
  const status = await client.getServiceStatus({ name: "rest" });
  assert.deepEqual(status.drift, []);
  assert.deepEqual(
    [status.services[0]?.active, (await syncOne("rest", [aWeb("v1")], false)).changed],
    [false, false],
  );
});

test("one service that cannot be synchronised does not keep the others from it", async () => {
  await operator.deploy("busy", [aWeb("v1")]);
  const deploying = operator.deploy("busy", [aWeb("late", { update: "stop-first" })]);
  while ((await operations("busy")).length < 2);
  const bad = spec("bad", [aWeb("v1")]);
  const [web] = bad.components;
  assert.ok(web);
  web.image = "localhost/web:latest";
  const { results } = await sync(
    bad,
    { ...spec("lost", [aWeb("v1")]), node: "elsewhere" },
    spec("busy", [aWeb("v2")]),
    spec("same", [aWeb("v1")]),
    spec("same", [aWeb("v2")]),
    spec("good", [aWeb("v1")]),
  );
  assert.deepEqual(
    results.map(({ name, changed, error }) => [name, changed, error?.code]),
    [
      ["bad", false, "DEFINITION_INVALID"],
      ["lost", false, "WRONG_NODE"],
      ["busy", false, "OPERATION_IN_PROGRESS"],
      ["same", false, "DEFINITION_INVALID"],
      ["same", false, "DEFINITION_INVALID"],
      ["good", true, undefined],
    ],
  );
  await eventually(() => node.podman.cli("exec", "busy-web", "touch", "/go"));
  await deploying;
});

test("containers of others are shown, and are not overwritten", async () => {
  await node.podman.cli("run", "-d", "--name", "yard-web", "localhost/web:v1");
  const { results, unmanaged } = await sync(spec("yard", [aWeb("v1"), beside("api", "v1")]));
  assert.deepEqual(
    unmanaged.map(({ name, observedState, service, component: part }) => [
      name,
      observedState,
      service,
      part,
    ]),
    [["yard-web", "running", "yard", "web"]],
  );
  assert.equal(results[0]?.error?.code, "NAME_IN_USE");
  assert.match(results[0].error.remedy, /mcp adopt yard/);
  assert.equal((await component("yard", "web")).desiredState, "ignore");
  assert.equal((await component("yard", "api")).desiredState, "running");
  const alone = await syncOne("yard", [aWeb("v1")]);
  assert.deepEqual([alone.changed, alone.error?.code], [false, "NAME_IN_USE"]);
  assert.equal((await sync()).unmanaged.length, 1);
});

test("a failed deploy of what was declared puts back what ran, and it is still outdated", async () => {
  await operator.deploy("brave", [aWeb("v1")]);
  await syncOne("brave", [aWeb("exits")]);
  const failed = await operator.deploy("brave", [aWeb("exits")]);
  assert.equal(failed.outcome, OperationOutcome.RESTORED);
  assert.equal(await answerOn(await operator.hostPort("brave")), "v1");
  assert.deepEqual([(await component("brave")).outdated, (await component("brave")).version], [true, "v1"]);
  assert.equal((await syncOne("brave", [aWeb("exits")])).changed, false);
});

test("deploying one component leaves what is declared of the others to the next deploy", async () => {
  const both = (version: string) => [aWeb(version), beside("api", version)];
  await operator.deploy("pair", both("v1"));
  await syncOne("pair", both("v2"));
  await node.agent.client.deploy({ service: spec("pair", both("v2")), component: "web" });
  const { revisions } = await node.agent.client.listRevisions({ service: "pair" });
  assert.deepEqual(
    revisions[0]?.spec?.components.map(({ name, image }) => `${name} ${image}`),
    ["web localhost/web:v2", "api localhost/web:v1"],
  );
  assert.deepEqual(
    [(await component("pair", "web")).outdated, (await component("pair", "api")).outdated],
    [false, true],
  );
});
