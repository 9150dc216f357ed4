import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { AlertInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { parseExposition, type Series } from "@metacircular/testkit/exposition.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { aWeb, createOperator, type Operator } from "@metacircular/testkit/operator.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

/** Writes what it is told into the directory that is its argument. */
const notify = 'env | grep "^MCP_" | sort >>"$1/$MCP_SERVICE.$MCP_ALERT_TYPE"; echo told';

const resources = new AsyncDisposableStack();
let directory: string;
let node: TestNode;
let operator: Operator;

before(async () => {
  ({ path: directory } = resources.use(await createTemporaryDirectory()));
  const command = JSON.stringify(["/bin/sh", "-c", notify, "notify", directory]);
  node = resources.use(await createTestNode({ monitor: `interval = "1h"\nalert_command = ${command}` }));
  operator = createOperator(node);
});
after(() => resources.disposeAsync());

async function alertsOf(service: string, active = false): Promise<AlertInfo[]> {
  return (await node.agent.client.listAlerts({ service, active })).alerts;
}

/** What the command was told, line by line. */
async function toldOf(service: string, type: string): Promise<string[]> {
  return (await readFile(join(directory, `${service}.${type}`), "utf8")).trim().split("\n");
}

async function metrics(): Promise<Series> {
  const answer = await fetch(node.agent.metricsUrl, { headers: { connection: "close" } });
  return parseExposition(await answer.text());
}

async function crash(service: string): Promise<void> {
  await operator.deploy(service, [aWeb("v1")]);
  await node.podman.cli("kill", `${service}-web`);
  await eventually(async () => {
    assert.deepEqual(
      (await alertsOf(service, true)).map(({ type, command }) => [type, command]),
      [["drift", "done"]],
    );
  });
}

describe("alerts of a node", () => {
  test("are listed until and after they recover, and the command is told of both", async () => {
    const since = timestampFromMs(Date.now());
    const over = new AbortController();
    const events = node.agent.client.watchEvents(
      { service: "shop", since, follow: true },
      { signal: over.signal },
    );
    await crash("shop");
    await node.agent.client.restartService({ name: "shop" });
    const [alert] = await eventually(async () => {
      const alerts = await alertsOf("shop");
      assert.deepEqual(
        alerts.map(({ recovered, command }) => [recovered !== undefined, command]),
        [[true, "done"]],
      );
      return alerts;
    });
    assert.deepEqual(await alertsOf("shop", true), []);
    assert.deepEqual(
      [alert?.desiredState, alert?.observedState, alert?.prevState],
      ["running", "exited", "running"],
    );
    const told = await toldOf("shop", "recovered");
    for (const line of ["MCP_RECOVERED_TYPE=drift", "MCP_OBSERVED=running", "MCP_PREV_STATE=exited"]) {
      assert.ok(told.includes(line), `${line} in ${told.join(", ")}`);
    }
    assert.match(told.join(), /MCP_DURATION=\d+/);
    for await (const { event } of events) {
      if (event.case !== "alert" || event.value.type !== "recovered") continue;
      assert.equal(event.value.recoveredType, "drift");
      assert.ok(event.value.duration !== undefined);
      break;
    }
    over.abort();
  });

  test("outlive the agent: what lasts is not announced again, and its end is", async () => {
    await crash("mail");
    node.agent.program.child.kill("SIGKILL");
    await node.agent.ended();
    await node.agent.start();
    await node.agent.client.liveCheck({});
    assert.equal((await alertsOf("mail", true)).length, 1);
    assert.equal((await toldOf("mail", "drift")).filter((line) => line === "MCP_ALERT_TYPE=drift").length, 1);
    await node.agent.client.undeployService({ name: "mail" });
    await node.agent.client.liveCheck({});
    // The command makes the file before it writes it.
    await eventually(async () => {
      const told = await toldOf("mail", "recovered");
      assert.ok(told.includes("MCP_DESIRED=ignore") && told.includes("MCP_OBSERVED=removed"), told.join());
    });
    assert.deepEqual(await alertsOf("mail", true), []);
  });

  test("can be tried", async () => {
    const { argv, success, error, output, duration } = await node.agent.client.testAlert({});
    assert.deepEqual([argv[0], success, error, output], ["/bin/sh", true, "", "told\n"]);
    assert.ok(duration !== undefined);
    assert.ok((await toldOf("mcp", "test")).includes("MCP_NODE=testnode"));
    assert.deepEqual(await alertsOf("mcp"), []);
  });
});

test("the metrics tell what was done, what is wrong and who was refused", async () => {
  await crash("blog");
  await assert.rejects(node.agent.clientWith(undefined).listServices({}));
  const before = await eventually(async () => {
    const series = await metrics();
    assert.ok(series.has('mcp_rpc_duration_seconds_count{method="ListServices",code="UNAUTHENTICATED"}'));
    assert.equal(series.get('mcp_component_drift{service="blog",component="web"}'), 1);
    return series;
  });
  const expected = {
    'mcp_operation_duration_seconds_count{kind="deploy",outcome="succeeded"}': 1,
    'mcp_rpc_duration_seconds_count{method="Deploy",code="OK"}': 1,
    'mcp_alerts_total{type="drift"}': 1,
    'mcp_alerts_active{type="drift"}': 1,
    mcp_runtime_up: 1,
    mcp_operations_in_progress: 0,
  };
  for (const [key, value] of Object.entries(expected)) assert.ok((before.get(key) ?? -1) >= value, key);
  assert.ok(
    [...before.keys()].some((key) => /^mcp_agent_build_info\{version="[^"]+",node_version="v26/.test(key)),
  );
  assert.ok((before.get("mcp_registry_size_bytes") ?? 0) > 0);
  await node.agent.client.undeployService({ name: "blog" });
  await eventually(async () => {
    const keys = [...(await metrics()).keys()];
    assert.deepEqual(
      keys.filter((key) => key.includes('"blog"')),
      [],
    );
  });
});
