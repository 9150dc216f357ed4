import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import {
  answerOn,
  aWeb,
  createOperator,
  type Operator,
  serviceMessage,
} from "@metacircular/testkit/operator.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { aRoute, httpHealth } from "@metacircular/testkit/specs.ts";

let node: TestNode;
let operator: Operator;
before(async () => {
  node = await createTestNode();
  operator = createOperator(node);
});
after(() => node[Symbol.asyncDispose]());

async function answerOf(service: string, component?: string): Promise<string> {
  return answerOn(await operator.hostPort(service, component));
}

const anAdmin = (version: string) => aWeb(version, { name: "admin", routes: [aRoute({ port: 8443 })] });

/** Builds an image that answers with a text. */
function build(name: string, text: string): Promise<void> {
  const serve = 'exec httpd -f -p "0.0.0.0:$PORT" -h /www';
  const files = { "/www/index.html": text };
  return node.podman.image(name, { files, entrypoint: ["/bin/sh", "-c"], cmd: [serve] });
}

describe("deploy", () => {
  test("should run the container and answer on a port of its own", async () => {
    const response = await operator.deploy("first", [aWeb("v1")]);
    assert.equal(response.outcome, OperationOutcome.SUCCEEDED);
    assert.equal(response.revision, 1n);
    assert.deepEqual(await operator.containers("first"), ["first-web running"]);
    const port = await operator.hostPort("first");
    assert.ok(port >= 10_000 && port <= 60_000);
    assert.equal(await answerOn(port), "v1");
  });

  test("should change nothing the second time", async () => {
    await operator.deploy("twice", [aWeb("v1")]);
    const identity = await operator.inspect("twice-web", "{{.Id}} {{.State.StartedAt}}");
    const response = await operator.deploy("twice", [aWeb("v1")]);
    assert.equal(response.outcome, OperationOutcome.UNCHANGED);
    assert.equal(await operator.inspect("twice-web", "{{.Id}} {{.State.StartedAt}}"), identity);
  });

  test("should pass every declared flag to the container", async () => {
    await node.podman.network("backend");
    const data = `${node.agent.servicesDir}/flags`;
    await operator.deploy("flags", [
      aWeb("v1", {
        network: "backend",
        user: "0:0",
        restart: "on-failure:3",
        ports: [`127.0.0.1:${await freePort()}:80`],
        volumes: [`${data}:/data`, "/etc/hostname:/name:ro"],
        env: ["GREETING=hello world"],
        cmd: ['exec httpd -f -p "0.0.0.0:$PORT_REST" -h /www'],
        routes: [aRoute({ name: "rest" })],
      }),
    ]);
    const [details] = JSON.parse(await node.podman.cli("inspect", "flags-web")) as [
      {
        Config: { Env: string[]; User: string };
        HostConfig: { RestartPolicy: { Name: string; MaximumRetryCount: number }; Binds: string[] };
        NetworkSettings: { Networks: Record<string, unknown>; Ports: Record<string, unknown> };
      },
    ];
    const port = await operator.hostPort("flags");
    assert.ok(details.Config.Env.includes("GREETING=hello world"));
    assert.ok(details.Config.Env.includes(`PORT_REST=${port}`));
    assert.equal(details.Config.User, "0:0");
    assert.deepEqual(details.HostConfig.RestartPolicy, { Name: "on-failure", MaximumRetryCount: 3 });
    assert.deepEqual(Object.keys(details.NetworkSettings.Networks), ["backend"]);
    assert.deepEqual(new Set(Object.keys(details.NetworkSettings.Ports)), new Set([`${port}/tcp`, "80/tcp"]));
    const binds = details.HostConfig.Binds.map((bind) => bind.split(":").slice(0, 2).join(":"));
    assert.deepEqual(new Set(binds), new Set([`${data}:/data`, "/etc/hostname:/name"]));
  });

  test("should keep the port of a stop-first service", async () => {
    await operator.deploy("inplace", [aWeb("v1", { update: "stop-first" })]);
    const port = await operator.hostPort("inplace");
    await operator.deploy("inplace", [aWeb("v2", { update: "stop-first" })]);
    assert.equal(await operator.hostPort("inplace"), port);
    assert.equal(await answerOn(port), "v2");
    assert.deepEqual(await operator.containers("inplace"), ["inplace-web running"]);
  });

  test("should replace a container whose tag was built anew", async () => {
    const dev = aWeb("v1", { image: "localhost/dev:v1", health: httpHealth("/") });
    await build("localhost/dev:v1", "one");
    await operator.deploy("dev", [dev]);
    await build("localhost/dev:v1", "two");
    await operator.deploy("dev", [dev]);
    assert.equal(await answerOf("dev"), "two");
  });

  test("should touch only the component that is named", async () => {
    await operator.deploy("pair", [aWeb("v1"), anAdmin("v1")]);
    const untouched = await operator.inspect("pair-web", "{{.Id}}");
    const service = serviceMessage("pair", [aWeb("v2"), anAdmin("v2")]);
    await node.agent.client.deploy({ service, component: "admin" });
    assert.equal(await operator.inspect("pair-web", "{{.Id}}"), untouched);
    assert.equal(await answerOf("pair", "admin"), "v2");
    assert.equal(await answerOf("pair", "web"), "v1");
  });

  test("should remove a component that is no longer declared", async () => {
    await operator.deploy("shrinking", [aWeb("v1"), anAdmin("v1")]);
    await operator.deploy("shrinking", [aWeb("v1")]);
    assert.deepEqual(await operator.containers("shrinking"), ["shrinking-web running"]);
  });

  test("should deploy an inactive service as stopped", async () => {
    await operator.deploy("asleep", [aWeb("v1")], false);
    assert.deepEqual(await operator.containers("asleep"), []);
    const { services } = await node.agent.client.getServiceStatus({ name: "asleep" });
    assert.equal(services[0]?.components[0]?.desiredState, "stopped");
    await node.agent.client.startService({ name: "asleep" });
    assert.deepEqual(await operator.containers("asleep"), ["asleep-web running"]);
  });

  test("should give the same result for the same operation id, and run it once", async () => {
    const request = { service: serviceMessage("once", [aWeb("v1")]), operationId: "once-1" };
    const { client } = node.agent;
    const [first, second] = await Promise.all([client.deploy(request), client.deploy(request)]);
    const created = await operator.inspect("once-web", "{{.Id}}");
    assert.deepEqual(second, first);
    assert.deepEqual(await client.deploy(request), first);
    assert.equal(await operator.inspect("once-web", "{{.Id}}"), created);
  });

  test("should tell a second caller who holds the service, and since when", async () => {
    const { client } = node.agent;
    const first = client.deploy({ service: serviceMessage("busy", [aWeb("late")]), operationId: "busy-1" });
    await eventually(async () => {
      const { operations } = await client.listOperations({ service: "busy", inProgress: true });
      assert.equal(operations.length, 1);
    });
    const error = await operator.deploy("busy", [aWeb("v1")]).then(
      () => assert.fail("it should be refused"),
      (thrown: unknown) => fromConnectError(thrown),
    );
    assert.equal(error.code, "OPERATION_IN_PROGRESS");
    assert.equal(error.facts["holder"], "operator");
    assert.equal(error.facts["operation"], "busy-1");
    assert.ok(Date.parse(error.facts["since"] ?? "") <= Date.now());
    await eventually(() => node.podman.cli("rm", "--force", "--time", "0", "busy-web"));
    assert.equal((await first).outcome, OperationOutcome.FAILED);
    assert.deepEqual(await operator.containers("busy"), []);
  });

  test("should refuse what a definition file could not say", async () => {
    const error = await operator.deploy("latest", [aWeb("latest")]).then(
      () => assert.fail("it should be refused"),
      (thrown: unknown) => fromConnectError(thrown),
    );
    assert.equal(error.code, "DEFINITION_INVALID");
    assert.match(error.message, /latest/u);
  });

  test("should not take the name of a container that is not ours", async () => {
    await node.podman.cli("run", "-d", "--name", "mine-web", "localhost/web:v1");
    const response = await operator.deploy("mine", [aWeb("v1")]);
    assert.equal(response.results[0]?.detail?.code, "NAME_IN_USE");
    assert.equal(await operator.inspect("mine-web", "{{.State.Status}}"), "running");
  });
});

describe("the life of a service", () => {
  test("should stop, start and restart", async () => {
    const { client } = node.agent;
    await operator.deploy("life", [aWeb("v1")]);
    await client.stopService({ name: "life" });
    assert.deepEqual(await operator.containers("life"), ["life-web exited"]);
    assert.deepEqual((await client.getServiceStatus({ name: "life" })).drift, []);
    await client.startService({ name: "life" });
    assert.deepEqual(await operator.containers("life"), ["life-web running"]);
    const started = await operator.inspect("life-web", "{{.State.StartedAt}}");
    await client.restartService({ name: "life", component: "web" });
    assert.notEqual(await operator.inspect("life-web", "{{.State.StartedAt}}"), started);
    assert.equal(await answerOf("life"), "v1");
  });

  test("should leave nothing behind when it is undeployed, and come back by a rollback", async () => {
    const { client } = node.agent;
    await operator.deploy("gone", [aWeb("v1")]);
    assert.equal((await client.undeployService({ name: "gone" })).outcome, OperationOutcome.SUCCEEDED);
    assert.deepEqual(await operator.containers("gone"), []);
    const { services } = await client.listServices({});
    assert.ok(!services.some(({ name }) => name === "gone"));
    await client.rollback({ service: "gone" });
    assert.equal(await answerOf("gone"), "v1");
  });

  test("should roll back to the revision before, and to any other", async () => {
    const { client } = node.agent;
    for (const version of ["v1", "v2", "v3"]) await operator.deploy("back", [aWeb(version)]);
    await client.rollback({ service: "back" });
    assert.equal(await answerOf("back"), "v2");
    await client.rollback({ service: "back", revision: 1n });
    assert.equal(await answerOf("back"), "v1");
    const { revisions } = await client.listRevisions({ service: "back" });
    assert.deepEqual(
      revisions.map(({ number, current, spec }) => [number, current, spec?.components[0]?.image]),
      [
        [5n, true, "localhost/web:v1"],
        [4n, false, "localhost/web:v2"],
        [3n, false, "localhost/web:v3"],
        [2n, false, "localhost/web:v2"],
        [1n, false, "localhost/web:v1"],
      ],
    );
  });

  test("should roll back to the image that ran then, although its tag has moved", async () => {
    const moving = aWeb("v1", { image: "localhost/moving:v1", health: httpHealth("/") });
    await build("localhost/moving:v1", "one");
    await operator.deploy("moving", [moving]);
    await build("localhost/moving:v1", "two");
    await operator.deploy("moving", [moving]);
    await node.agent.client.rollback({ service: "moving", revision: 1n });
    assert.equal(await answerOf("moving"), "one");
  });

  test("should say what a deploy would do, without doing it", async () => {
    const { client } = node.agent;
    await operator.deploy("planned", [aWeb("v1")]);
    const identity = await operator.inspect("planned-web", "{{.Id}}");
    const plan = await client.planDeploy({ service: serviceMessage("planned", [aWeb("v2")]) });
    const changes = plan.changes.map(({ component, action, fields }) => [
      component,
      action,
      fields[0]?.field,
    ]);
    assert.deepEqual(changes, [["web", "replace", "image"]]);
    assert.ok(
      plan.steps.some(
        ({ description }) => description === "create container planned-web.next from localhost/web:v2",
      ),
    );
    assert.equal(await operator.inspect("planned-web", "{{.Id}}"), identity);
    const unchanged = await client.planDeploy({ service: serviceMessage("planned", [aWeb("v1")]) });
    assert.deepEqual(unchanged.steps, []);
  });

  test("should list its operations with who, what and how it ended", async () => {
    await operator.deploy("listed", [aWeb("v1")]);
    await node.agent.client.stopService({ name: "listed" });
    const { operations } = await node.agent.client.listOperations({ service: "listed" });
    assert.deepEqual(
      operations.map(({ kind, caller, outcome, step, steps }) => [
        kind,
        caller,
        outcome,
        step === steps.length,
      ]),
      [
        ["stop", "operator", OperationOutcome.SUCCEEDED, true],
        ["deploy", "operator", OperationOutcome.SUCCEEDED, true],
      ],
    );
  });

  test("should be taken up when the agent was stopped and started", async () => {
    await operator.deploy("kept", [aWeb("v1")]);
    await node.agent.program[Symbol.asyncDispose]();
    assert.deepEqual(await operator.containers("kept"), ["kept-web running"]);
    await node.agent.start();
    assert.equal((await operator.deploy("kept", [aWeb("v1")])).outcome, OperationOutcome.UNCHANGED);
    assert.equal((await operator.deploy("kept", [aWeb("v2")])).outcome, OperationOutcome.SUCCEEDED);
  });
});

test("a node tells its resources and what runs its containers", async () => {
  const status = await node.agent.client.nodeStatus({});
  assert.equal(status.nodeName, node.agent.node);
  assert.match(status.runtimeVersion, /^\d+\.\d+/u);
  assert.ok(status.diskTotalBytes > status.diskFreeBytes && status.diskFreeBytes > 0n);
  assert.ok(status.memoryTotalBytes > status.memoryFreeBytes && status.memoryFreeBytes > 0n);
});
