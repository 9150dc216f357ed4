import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { type LogLine, OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { aWeb, createOperator, type Operator, serviceMessage } from "@metacircular/testkit/operator.ts";
import { aComponent, httpHealth } from "@metacircular/testkit/specs.ts";

let node: TestNode;
let operator: Operator;
before(async () => {
  node = await createTestNode();
  operator = createOperator(node);
});
after(() => node[Symbol.asyncDispose]());

const aLogger = (name: string) =>
  aComponent({
    name,
    image: "localhost/logger:v1",
    health: { ...httpHealth("/"), probe: { kind: "settle" }, settleMs: 200 },
  });

describe("the events of an operation", () => {
  test("should be streamed step by step until it ends", async () => {
    const operationId = "watched-1";
    const { client } = node.agent;
    const deployed = client.deploy({ service: serviceMessage("watched", [aWeb("v1")]), operationId });
    await eventually(async () => {
      assert.equal((await client.listOperations({ service: "watched" })).operations.length, 1);
    });
    const seen: string[] = [];
    for await (const { event } of client.watchEvents({ operationId, follow: true })) {
      if (event.case === "stepFinished") seen.push(event.value.step?.kind ?? "");
      else if (event.case !== "stepStarted") seen.push(event.case ?? "");
    }
    assert.equal((await deployed).outcome, OperationOutcome.SUCCEEDED);
    assert.equal(seen[0], "operationStarted");
    assert.equal(seen.at(-1), "operationFinished");
    for (const kind of ["pull-image", "create-container", "await-healthy", "record-revision"]) {
      assert.equal(seen.filter((entry) => entry === kind).length, 1, `${kind} in ${seen.join(" ")}`);
    }
  });

  test("should be told again when it is over", async () => {
    const operationId = "replayed-1";
    const service = serviceMessage("replayed", [aWeb("v1")]);
    await node.agent.client.deploy({ service, operationId });
    const cases: (string | undefined)[] = [];
    for await (const { event } of node.agent.client.watchEvents({ operationId })) cases.push(event.case);
    assert.equal(cases[0], "operationStarted");
    assert.deepEqual(cases.slice(-2), ["operationFinished", "caughtUp"]);
  });
});

describe("logs", () => {
  test("should follow a component across a redeploy", async () => {
    const logger = aLogger("logger");
    await operator.deploy("logs", [logger]);
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(120_000)]);
    const texts: string[] = [];
    let redeployed: Promise<unknown> | undefined;
    const request = { service: "logs", component: "logger", follow: true };
    try {
      for await (const { lines } of node.agent.client.logs(request, { signal })) {
        texts.push(...lines.map(({ stream, text }) => `${stream} ${text}`));
        if (texts.length >= 4) redeployed ??= operator.deploy("logs", [{ ...logger, env: ["AGAIN=1"] }]);
        if (texts.filter((text) => text === "stdout line 1").length === 2) over.abort();
      }
    } catch (error) {
      assert.equal(ConnectError.from(error).code, Code.Canceled);
    }
    await redeployed;
    assert.deepEqual(texts.slice(0, 2), ["stdout line 1", "stderr line 2"]);
    assert.equal(texts.filter((text) => text === "stdout line 1").length, 2);
  });

  test("should show the last lines of all components in the order of time", async () => {
    await operator.deploy("merged", [aLogger("a"), aLogger("b")]);
    const lines = await eventually(async () => {
      const found: LogLine[] = [];
      for await (const response of node.agent.client.logs({ service: "merged", tail: 3 })) {
        found.push(...response.lines);
      }
      assert.equal(found.length, 6);
      return found;
    });
    assert.equal(lines.filter(({ component }) => component === "a").length, 3);
    const times = lines.map(({ timestamp }) => Number(timestamp?.seconds) * 1e9 + Number(timestamp?.nanos));
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });

  test("should name the components there are when it asks for another", async () => {
    await operator.deploy("named", [aWeb("v1")]);
    const stream = node.agent.client.logs({ service: "named", component: "api" });
    await assert.rejects(async () => {
      for await (const _ of stream) assert.fail("there is nothing to show");
    }, /named has web/u);
  });
});
