import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { OperationOutcome, type WatchEventsResponse } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import {
  answerOn,
  aWeb,
  createOperator,
  type Operator,
  serviceMessage,
} from "@metacircular/testkit/operator.ts";
import { startSteadyClient, type SteadyClient } from "@metacircular/testkit/steady-client.ts";

/** Time between two requests: hundreds a second, each over a new connection. */
const intervalMs = 3;

let node: TestNode;
let operator: Operator;
before(async () => {
  node = await createTestNode();
  operator = createOperator(node);
});
after(() => node[Symbol.asyncDispose]());

interface Replacement {
  readonly outcome: OperationOutcome;
  readonly client: SteadyClient;
  /** When the steps of this kind began and ended, milliseconds since the epoch. */
  readonly begun: (kind: string) => number[];
  readonly ended: (kind: string) => number[];
}

/** Deploys v1 and then another version, with a client on the port of the old container until `until`. */
async function replace(
  service: string,
  version: string,
  update: "start-first" | "stop-first",
): Promise<Replacement> {
  const { client: agent } = node.agent;
  await operator.deploy(service, [aWeb("v1", { update })]);
  await using client = startSteadyClient(await operator.hostPort(service), intervalMs);
  await eventually(() => assert.ok(client.answers.length > 20));
  const events: WatchEventsResponse[] = [];
  const over = new AbortController();
  const watched = watch(service, events, over.signal);
  await eventually(() => assert.ok(events.some(({ event }) => event.case === "caughtUp")));
  const operationId = `${service}-replacement`;
  const message = serviceMessage(service, [aWeb(version, { update })]);
  const { outcome } = await agent.deploy({ service: message, operationId });
  await eventually(() => assert.ok(events.some(({ event }) => event.case === "operationFinished")));
  over.abort();
  await watched;
  const deployedAtMs = Date.now();
  if (update === "stop-first") {
    await eventually(() => assert.ok(client.answers.some(({ askedAtMs }) => askedAtMs > deployedAtMs)));
  }
  const times = (which: "stepStarted" | "stepFinished") => (kind: string) =>
    events.flatMap(({ event, timestamp }) =>
      event.case === which && event.value.step?.kind === kind && timestamp !== undefined
        ? [timestampMs(timestamp)]
        : [],
    );
  return { outcome, client, begun: times("stepStarted"), ended: times("stepFinished") };
}

async function watch(service: string, events: WatchEventsResponse[], signal: AbortSignal): Promise<void> {
  try {
    for await (const event of node.agent.client.watchEvents({ service, follow: true }, { signal })) {
      events.push(event);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

describe("a client that asks throughout a deploy", () => {
  test("should see no error until the new version is healthy, start-first", async (context) => {
    const { outcome, client, ended } = await replace("seamless", "v2", "start-first");
    assert.equal(outcome, OperationOutcome.SUCCEEDED);
    const [healthyMs = 0] = ended("await-healthy");
    assert.ok(healthyMs > 0);
    assert.deepEqual(
      client.errors.filter(({ atMs }) => atMs < healthyMs),
      [],
    );
    const answers = client.answers.filter(({ atMs }) => atMs < healthyMs);
    assert.ok(answers.length > 20, `only ${answers.length} answers`);
    assert.ok(client.answers.every(({ text }) => text === "v1"));
    assert.equal(await answerOn(await operator.hostPort("seamless")), "v2");
    context.diagnostic(`${answers.length} answers, no error`);
  });

  test("should see no error when the new version fails, start-first", async (context) => {
    const { outcome, client } = await replace("unharmed", "exits", "start-first");
    assert.equal(outcome, OperationOutcome.RESTORED);
    assert.deepEqual(client.errors, []);
    assert.ok(client.answers.every(({ text }) => text === "v1"));
    context.diagnostic(`${client.answers.length} answers, no error`);
  });

  for (const [title, version, outcomeWanted] of [
    ["succeeds", "v2", OperationOutcome.SUCCEEDED],
    ["fails", "exits", OperationOutcome.RESTORED],
  ] as const) {
    test(`should wait no longer than from stop to healthy when it ${title}, stop-first`, async (context) => {
      const { outcome, client, begun, ended } = await replace(`gap-${version}`, version, "stop-first");
      assert.equal(outcome, outcomeWanted);
      const [stoppingMs = 0] = begun("stop-container");
      const healthyMs = ended("await-healthy").at(-1) ?? 0;
      assert.ok(stoppingMs > 0 && healthyMs > stoppingMs);
      const gapMs = client.longestGapMs();
      context.diagnostic(`no answer for ${gapMs} ms; stopped and started in ${healthyMs - stoppingMs} ms`);
      // Also of answers that come, but late. A slow machine takes longer for both.
      assert.ok(gapMs <= 3 * (healthyMs - stoppingMs), `no answer for ${gapMs} ms`);
      assert.deepEqual(
        client.errors.filter(({ askedAtMs, atMs }) => atMs < stoppingMs || askedAtMs > healthyMs),
        [],
      );
      assert.ok(client.answers.some(({ atMs }) => atMs < stoppingMs));
      assert.equal(client.answers.at(-1)?.text, outcome === OperationOutcome.SUCCEEDED ? "v2" : "v1");
    });
  }
});
