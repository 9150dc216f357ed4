import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { specToMessage } from "@metacircular/mcp-core/spec-codec.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import type { PurgeResult } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { aWeb, createOperator, type Operator } from "@metacircular/testkit/operator.ts";
import { aComponent } from "@metacircular/testkit/specs.ts";

let node: TestNode;
let operator: Operator;

before(async () => {
  node = await createTestNode();
  operator = createOperator(node);
});
after(() => node[Symbol.asyncDispose]());

const worker = (name: string): ComponentSpec =>
  aComponent({
    name,
    image: "localhost/logger:v1",
    health: { ...aWeb("v1").health, probe: { kind: "settle" }, settleMs: 0 },
  });

async function purge(service: string, fields: { component?: string; dryRun?: boolean } = {}) {
  return (await node.agent.client.purgeComponents({ service, ...fields })).results;
}

const outcome = ({ service, component, container, purged, error }: PurgeResult) =>
  `${service}/${component} ${container} ${purged ? "purged" : (error?.code ?? "kept")}`;

async function registered(service: string): Promise<string[]> {
  const { services } = await node.agent.client.listServices({});
  return services.find(({ name }) => name === service)?.components.map(({ name }) => name) ?? [];
}

test("a purge removes what is stopped and in no definition, with all rows but the record of what was done", async () => {
  await operator.deploy("gone", [worker("web"), worker("api")]);
  await node.agent.client.stopService({ name: "gone" });
  await node.podman.cli("rm", "gone-api");
  assert.deepEqual((await purge("gone", { dryRun: true })).map(outcome), [
    "gone/web gone-web purged",
    "gone/api  purged",
  ]);
  assert.deepEqual(await operator.containers("gone"), ["gone-web exited"]);
  assert.deepEqual((await purge("gone")).map(outcome), ["gone/web gone-web purged", "gone/api  purged"]);
  assert.deepEqual(await operator.containers("gone"), []);
  assert.deepEqual(rowsOf("gone"), ["events", "operations"]);
  await assert.rejects(purge("gone"), /not deployed on this node/);
});

test("what is defined is left alone, and so is all of a service that may be", async () => {
  const { client } = node.agent;
  await operator.deploy("kept", [worker("web"), worker("api")]);
  await client.stopService({ name: "kept" });
  const defined = [{ service: "kept", component: "" }];
  assert.deepEqual((await client.purgeComponents({ service: "kept", defined })).results, []);
  const web = [{ service: "kept", component: "web" }];
  const { results } = await client.purgeComponents({ service: "kept", defined: web });
  assert.deepEqual(results.map(outcome), ["kept/api kept-api purged"]);
  assert.deepEqual(await registered("kept"), ["web"]);
  assert.deepEqual(rowsOf("kept"), ["components", "events", "operations", "revisions", "services"]);
});

test("what runs, is paused or belongs to others is not touched, and is named", async () => {
  await operator.deploy("alive", [worker("web"), worker("api")]);
  await node.podman.cli("pause", "alive-api");
  await node.podman.cli("run", "-d", "--name", "alive-other", "localhost/logger:v1");
  const results = await purge("alive");
  assert.deepEqual(
    results.map(outcome),
    [
      "alive/other alive-other kept",
      "alive/web alive-web COMPONENT_RUNNING",
      "alive/api alive-api COMPONENT_RUNNING",
    ].toSorted((a, b) => order(results, a) - order(results, b)),
  );
  assert.match(results.find(({ error }) => error !== undefined)?.error?.remedy ?? "", /mcp stop alive/);
  assert.equal(await operator.inspect("alive-other", "{{.State.Status}}"), "running");
  await node.podman.cli("unpause", "alive-api");
  assert.deepEqual(await operator.containers("alive"), ["alive-api running", "alive-web running"]);
  await node.podman.cli("rm", "--force", "--time", "0", "alive-other");
  assert.deepEqual((await purge("alive", { component: "web" })).map(outcome), [
    "alive/web alive-web COMPONENT_RUNNING",
  ]);
  assert.deepEqual(await registered("alive"), ["web", "api"]);
});

test("what starts between the look and the purge is not killed", async () => {
  await operator.deploy("race", [worker("web")]);
  await node.agent.client.stopService({ name: "race" });
  for (let round = 0; round < 5; round += 1) {
    const [results] = await Promise.all([
      purge("race"),
      node.podman.cli("start", "race-web").catch(() => "removed before it was started"),
    ]);
    const isPurged = results[0]?.purged === true;
    const containers = await operator.containers("race");
    assert.deepEqual(containers, isPurged ? [] : ["race-web running"]);
    assert.deepEqual(await registered("race"), isPurged ? [] : ["web"]);
    if (isPurged) await operator.deploy("race", [worker("web")]);
    await node.agent.client.stopService({ name: "race" });
  }
});

test("a service from sync to purge", async () => {
  const { client } = node.agent;
  const declare = (version: string, active = true) =>
    specToMessage({ name: "life", node: "", active, components: [aWeb(version)] });
  await client.syncDesiredState({ services: [declare("v1")] });
  await client.deploy({ service: declare("v1") });
  await client.syncDesiredState({ services: [declare("v2")] });
  await client.deploy({ service: declare("v2") });
  assert.deepEqual((await purge("life")).map(outcome), ["life/web life-web COMPONENT_RUNNING"]);
  await client.syncDesiredState({ services: [declare("v2", false)] });
  assert.deepEqual(await operator.containers("life"), ["life-web exited"]);
  assert.deepEqual((await purge("life")).map(outcome), ["life/web life-web purged"]);
  assert.deepEqual(await operator.containers("life"), []);
  const { operations } = await client.listOperations({ service: "life" });
  assert.deepEqual(
    operations.map(({ kind }) => kind),
    ["purge", "sync", "deploy", "sync", "deploy", "sync"],
  );
});

function order(results: readonly PurgeResult[], text: string): number {
  return results.findIndex((result) => outcome(result) === text);
}

/** Tables that still have rows of the service. */
function rowsOf(service: string): string[] {
  using sql = new DatabaseSync(join(node.directory, "mcp.db"), { readOnly: true });
  const tables = sql.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  return tables
    .map(({ name }) => String(name))
    .filter((name) => {
      const columns = sql
        .prepare(`PRAGMA table_info(${name})`)
        .all()
        .map((column) => column["name"]);
      const column = name === "services" ? "name" : "service";
      if (!columns.includes(column)) return false;
      return sql.prepare(`SELECT 1 FROM ${name} WHERE ${column} = ? LIMIT 1`).get(service) !== undefined;
    });
}
