import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  ComponentOutcome,
  ComponentOutcomeSchema,
  OperationOutcome,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { answerOn, aWeb, createOperator, type Operator } from "@metacircular/testkit/operator.ts";
import { aRoute } from "@metacircular/testkit/specs.ts";

let node: TestNode;
let operator: Operator;
before(async () => {
  node = await createTestNode();
  operator = createOperator(node);
});
after(() => node[Symbol.asyncDispose]());

describe("a service whose second component fails", () => {
  const components = (version: string, secondVersion: string) => [
    aWeb(version),
    aWeb(secondVersion, { name: "second", routes: [aRoute({ port: 8443 })] }),
    aWeb(version, { name: "third", routes: [aRoute({ port: 9443 })] }),
  ];

  test("should keep the first new, put the second back, and leave the third alone", async () => {
    const service = "several";
    await operator.deploy(service, components("v1", "v1"));
    const response = await operator.deploy(service, components("v2", "exits"));
    assert.equal(response.outcome, OperationOutcome.PARTLY_FAILED);
    assert.deepEqual(
      response.results.map(({ name, outcome, detail }) => [name, outcome, detail?.code]),
      [
        ["web", ComponentOutcome.CHANGED, undefined],
        ["second", ComponentOutcome.RESTORED, "CONTAINER_EXITED"],
        ["third", ComponentOutcome.SKIPPED, undefined],
      ],
    );
    assert.deepEqual(await operator.containers(service), [
      "several-second running",
      "several-third running",
      "several-web running",
    ]);
    const answers = ["web", "second", "third"].map(async (component) =>
      answerOn(await operator.hostPort(service, component)),
    );
    assert.deepEqual(await Promise.all(answers), ["v2", "v1", "v1"]);
    const { services } = await node.agent.client.getServiceStatus({ name: service });
    assert.deepEqual(
      services[0]?.components.map(({ name, version }) => [name, version]),
      [
        ["web", "v2"],
        ["second", "v1"],
        ["third", "v1"],
      ],
    );
    const next = await operator.deploy(service, components("v2", "v2"));
    assert.equal(next.outcome, OperationOutcome.SUCCEEDED);
    assert.deepEqual(
      next.results
        .map(({ name, outcome }) => `${name} ${ComponentOutcomeSchema.value[outcome]?.localName}`)
        .toSorted(),
      ["second CHANGED", "third CHANGED", "web UNCHANGED"],
    );
  });
});
