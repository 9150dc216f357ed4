import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import {
  type OperationInfo,
  OperationOutcome,
  type WatchEventsResponse,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import {
  answerOn,
  aWeb,
  createOperator,
  type Operator,
  serviceMessage,
} from "@metacircular/testkit/operator.ts";
import { startProgram } from "@metacircular/testkit/program.ts";
import { httpHealth } from "@metacircular/testkit/specs.ts";

const { SUCCEEDED, RESTORED } = OperationOutcome;

let node: TestNode;
let operator: Operator;
before(async () => {
  node = await createTestNode();
  operator = createOperator(node);
});
after(() => node[Symbol.asyncDispose]());

const late = (fields: Partial<ComponentSpec> = {}) => aWeb("late", fields);

/** The operation once it has reached a step of this kind. */
function reached(id: string, service: string, kind: string): Promise<OperationInfo> {
  return eventually(async () => {
    const { operations } = await node.agent.client.listOperations({ service });
    const operation = operations.find((entry) => entry.id === id);
    assert.equal(operation?.steps[operation.step]?.kind, kind);
    return operation;
  });
}

function finished(id: string, service: string): Promise<OperationInfo> {
  return eventually(async () => {
    const { operations } = await node.agent.client.listOperations({ service });
    const operation = operations.find((entry) => entry.id === id);
    assert.ok(operation?.finished !== undefined, `${id} goes on`);
    return operation;
  });
}

const letGo = (container: string) => node.podman.cli("exec", container, "touch", "/go");

async function assertAnswers(service: string, text: string): Promise<void> {
  assert.deepEqual(await operator.containers(service), [`${service}-web running`]);
  assert.equal(await answerOn(await operator.hostPort(service)), text);
}

/** Begins to deploy the late version of a service; whether the call itself gets an answer is left open. */
async function beginLate(
  service: string,
  fields: Partial<ComponentSpec> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<{ operationId: string; answered: Promise<unknown> }> {
  const operationId = `${service}-late`;
  const message = serviceMessage(service, [late(fields)]);
  const answered = node.agent.client
    .deploy({ service: message, operationId }, { signal })
    .catch((error: unknown) => error);
  await reached(operationId, service, "await-healthy");
  return { operationId, answered };
}

/** The pid of the agent's own `podman system service`. */
async function podmanServicePid(): Promise<number> {
  const line = node.agent.program.log.findLast((entry) => entry.includes("started podman's service"));
  assert.ok(line !== undefined);
  return (JSON.parse(line) as { pid: number }).pid;
}

/** Kills it as soon as the service's next operation begins a step of this kind. Resolves once it watches. */
async function killServiceAt(service: string, kind: string): Promise<{ killed: Promise<void> }> {
  const watching = Promise.withResolvers<void>();
  const killed = (async () => {
    for await (const { event } of node.agent.client.watchEvents({ service, follow: true })) {
      if (event.case === "caughtUp") watching.resolve();
      if (event.case === "stepStarted" && event.value.step?.kind === kind) break;
      if (event.case === "operationFinished") assert.fail(`there was no ${kind}`);
    }
    process.kill(await podmanServicePid(), "SIGKILL");
  })();
  await Promise.race([watching.promise, killed]);
  return { killed };
}

test("six services deployed at once should all run, each on a port of its own", async () => {
  const services = Array.from({ length: 6 }, (_, index) => `crowd-${index}`);
  const deployed = await Promise.all(services.map((service) => operator.deploy(service, [aWeb("v1")])));
  assert.ok(deployed.every(({ outcome }) => outcome === OperationOutcome.SUCCEEDED));
  const ports = await Promise.all(services.map((service) => operator.hostPort(service)));
  assert.equal(new Set(ports).size, services.length);
  for (const service of services) await assertAnswers(service, "v1");
});

describe("a deploy that is under way", () => {
  test("should go on when its client disconnects, and be found by its id", async () => {
    const gone = new AbortController();
    const { operationId, answered } = await beginLate("left", {}, gone.signal);
    gone.abort();
    assert.equal(ConnectError.from(await answered).code, Code.Canceled);
    await letGo("left-web");
    const operation = await finished(operationId, "left");
    assert.equal(operation.outcome, OperationOutcome.SUCCEEDED);
    const again = await node.agent.client.deploy({ service: serviceMessage("left", [late()]), operationId });
    assert.equal(again.outcome, OperationOutcome.SUCCEEDED);
    await assertAnswers("left", "late");
  });

  for (const update of ["start-first", "stop-first"] as const) {
    test(`should end when the agent is asked to stop and is started again, ${update}`, async () => {
      const service = `stopped-${update}`;
      await operator.deploy(service, [aWeb("v1", { update })]);
      const { operationId, answered } = await beginLate(service, { update });
      await node.agent.program[Symbol.asyncDispose]();
      assert.equal(node.agent.program.child.exitCode, 0, "it stops cleanly");
      assert.equal(fromConnectError(await answered).code, "AGENT_STOPPING", "its caller is told why");
      await node.agent.start();
      await reached(operationId, service, "await-healthy");
      await letGo(update === "start-first" ? `${service}-web.next` : `${service}-web`);
      assert.equal((await finished(operationId, service)).outcome, OperationOutcome.SUCCEEDED);
      await assertAnswers(service, "late");
    });

    test(`should put the previous version back when its container is removed by hand, ${update}`, async () => {
      const service = `removed-${update}`;
      await operator.deploy(service, [aWeb("v1", { update })]);
      const { operationId } = await beginLate(service, { update });
      const container = update === "start-first" ? `${service}-web.next` : `${service}-web`;
      await node.podman.cli("rm", "--force", "--time", "0", container);
      const operation = await finished(operationId, service);
      assert.equal(operation.outcome, OperationOutcome.RESTORED, operation.error?.found ?? "no error");
      // It is killed first, which may be what is seen of it.
      assert.match(operation.error?.code ?? "", /^CONTAINER_(?:REMOVED|EXITED)$/u);
      await assertAnswers(service, "v1");
    });

    test(`should end when podman's service is killed, ${update}`, async () => {
      const service = `orphaned-${update}`;
      await operator.deploy(service, [aWeb("v1", { update })]);
      const { operationId } = await beginLate(service, { update });
      process.kill(await podmanServicePid(), "SIGKILL");
      await letGo(update === "start-first" ? `${service}-web.next` : `${service}-web`);
      const operation = await finished(operationId, service);
      assert.equal(operation.outcome, OperationOutcome.SUCCEEDED, operation.error?.found ?? "no error");
      await assertAnswers(service, "late");
    });
  }

  test("should bring the previous version back although that is removed by hand, too", async () => {
    await operator.deploy("bereft", [aWeb("v1", { update: "start-first" })]);
    const { operationId } = await beginLate("bereft", { update: "start-first" });
    await node.podman.cli("rm", "--force", "--time", "0", "bereft-web", "bereft-web.next");
    const operation = await finished(operationId, "bereft");
    assert.equal(operation.outcome, OperationOutcome.RESTORED);
    await assertAnswers("bereft", "v1");
    assert.equal((await operator.deploy("bereft", [aWeb("v2")])).outcome, OperationOutcome.SUCCEEDED);
    await assertAnswers("bereft", "v2");
  });
});

describe("podman's service killed in the middle of a change", () => {
  for (const [update, kind] of [
    ["start-first", "create-container"],
    ["start-first", "start-container"],
    ["start-first", "remove-container"],
    ["stop-first", "stop-container"],
    ["stop-first", "rename-container"],
    ["stop-first", "create-container"],
    ["stop-first", "start-container"],
  ] as const) {
    test(`should cost nothing, ${update}, ${kind}`, async (context) => {
      const service = `torn-${update}-${kind}`;
      // What podman had begun may have left the old port unusable, which only the deadline tells.
      const fields = { update, health: { ...httpHealth("/healthz"), deadlineMs: 6_000 } };
      const first = await operator.deploy(service, [aWeb("v1", fields)]);
      assert.equal(first.outcome, SUCCEEDED, first.results[0]?.error ?? "no result");
      const { killed } = await killServiceAt(service, kind);
      const response = await operator.deploy(service, [aWeb("v2", fields)]);
      await killed;
      context.diagnostic(`${response.outcome} ${response.results[0]?.error ?? ""}`);
      assert.ok(response.outcome === SUCCEEDED || response.outcome === RESTORED);
      await assertAnswers(service, response.outcome === SUCCEEDED ? "v2" : "v1");
      assert.deepEqual((await node.agent.client.getServiceStatus({ name: service })).drift, []);
      const next = await operator.deploy(service, [aWeb("v3", { update })]);
      assert.equal(next.outcome, SUCCEEDED, next.results[0]?.error ?? "no result");
      await assertAnswers(service, "v3");
    });
  }
});

test("an idle agent should start podman's service again when it is killed", async () => {
  const before = await podmanServicePid();
  process.kill(before, "SIGKILL");
  await eventually(async () => assert.notEqual(await podmanServicePid(), before));
  assert.equal((await operator.deploy("revived", [aWeb("v1")])).outcome, OperationOutcome.SUCCEEDED);
  await assertAnswers("revived", "v1");
});

test("a request that is too large is refused, and the agent goes on", async () => {
  const huge = aWeb("v1", { env: [`HUGE=${"x".repeat(5 * 1024 * 1024)}`] });
  await assert.rejects(
    operator.deploy("huge", [huge]),
    (error) => ConnectError.from(error).code === Code.ResourceExhausted,
  );
  assert.equal((await operator.deploy("huge", [aWeb("v1")])).outcome, OperationOutcome.SUCCEEDED);
});

function caseOf({ value }: IteratorResult<WatchEventsResponse, unknown>): string | undefined {
  return (value as WatchEventsResponse | undefined)?.event.case;
}

test("a slow reader of events should hold nobody up", async () => {
  const over = new AbortController();
  const events = node.agent.client.watchEvents({ follow: true }, { signal: over.signal });
  const reader = events[Symbol.asyncIterator]();
  assert.equal(caseOf(await reader.next()), "caughtUp");
  const deployed = await Promise.all(
    ["slow-a", "slow-b"].map((service) => operator.deploy(service, [aWeb("v1")])),
  );
  assert.ok(deployed.every(({ outcome }) => outcome === OperationOutcome.SUCCEEDED));
  // Only now it reads what was kept for it. What the monitor sees of other services may lie between.
  const kept: WatchEventsResponse[] = [];
  while (!kept.some(({ service }) => service.startsWith("slow-"))) {
    const next = await reader.next();
    assert.ok(next.done !== true);
    kept.push(next.value);
  }
  assert.equal(kept.at(-1)?.event.case, "operationStarted");
  over.abort();
});

test("a second agent on the same database should refuse to start, and leave the first alone", async () => {
  await operator.deploy("claimed", [aWeb("v1")]);
  const env = { ...node.podman.environment, MCP_AGENT_SERVER_GRPC_ADDR: "127.0.0.1:0" };
  await using second = startProgram("mcp/agent/main.ts", ["server", "--config", node.agent.configFile], env);
  await Promise.race([second.ended, second.line((line) => line.includes('"agent is ready"'))]);
  assert.equal(second.child.exitCode, 1, "it started");
  assert.match(second.log.join("\n"), /AGENT_ALREADY_RUNS/u);
  assert.equal((await operator.deploy("claimed", [aWeb("v2")])).outcome, OperationOutcome.SUCCEEDED);
  await assertAnswers("claimed", "v2");
});
