import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ComponentInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { StepKind } from "@metacircular/mcp-core/step.ts";
import { type CrashMoment, crashMoments, type CrashPoint } from "./crash-point.ts";
import { type CrashScenario, crashScenarios } from "./crash-scenarios.ts";
import { eventually } from "./eventually.ts";
import { createEdgeNode, edgeAddress, type EdgeNode, edgeZone } from "./edge-node.ts";
import { answerOn, createOperator } from "./operator.ts";

/** What happened when the agent was killed at one point of one operation. */
export interface CrashRow {
  readonly operation: string;
  readonly step: StepKind;
  /** The moment, and which step of that kind. */
  readonly point: string;
  /** `recovered`, or what was found instead. */
  readonly outcome: string;
  readonly recovered: boolean;
}

const service = "shop";

/** A node with an edge whose agent dies where the crash file says. */
export async function createCrashNode(): Promise<EdgeNode & { readonly crashFile: string }> {
  let crashFile = "";
  const node = await createEdgeNode({
    monitor: 'interval = "1h"',
    drainTimeout: "200ms",
    entry(directory) {
      crashFile = join(directory, "crash-point.json");
      return { file: fileURLToPath(new URL("crashing-agent.ts", import.meta.url)), args: [crashFile] };
    },
  });
  return Object.assign(node, { crashFile });
}

/** Kills the agent at points of every step of every operation, starts it again, and looks whether what
 * was asked for is there. `share` thins the points out: 3 takes every third, rotating over the moments. */
export async function* runCrashMatrix(share: number): AsyncGenerator<CrashRow> {
  await using node = await createCrashNode();
  let counter = 0;
  for (const scenario of crashScenarios) {
    for (const { kind, occurrence } of await stepsOf(scenario, node)) {
      for (const moment of crashMoments) {
        counter += 1;
        if ((counter + Math.floor(counter / crashMoments.length)) % share !== 0) continue;
        yield await crashOnce(scenario, { kind, occurrence, moment }, node);
      }
    }
  }
}

/** The steps of an operation, as its journal shows them when nothing happens to it. */
async function stepsOf(scenario: CrashScenario, node: EdgeNode): Promise<Omit<CrashPoint, "moment">[]> {
  const operationId = randomUUID();
  await scenario.prepare(node);
  const { outcome, results } = await scenario.run(node, operationId);
  const failure = results.map(({ name, error }) => `${name}: ${error}`).join("; ");
  assert.equal(outcome, scenario.outcome, `${scenario.operation}: ${failure}`);
  const { operations } = await node.agent.client.listOperations({ service, limit: 1 });
  const counts = new Map<string, number>();
  return (operations[0]?.steps ?? []).map(({ kind }) => {
    const occurrence = counts.get(kind) ?? 0;
    counts.set(kind, occurrence + 1);
    return { kind: kind as StepKind, occurrence };
  });
}

async function crashOnce(
  scenario: CrashScenario,
  point: CrashPoint,
  node: EdgeNode & { readonly crashFile: string },
): Promise<CrashRow> {
  const row = { operation: scenario.operation, step: point.kind, point: pointName(point) };
  try {
    await scenario.prepare(node);
    await crash(scenario, point, node);
    return { ...row, outcome: "recovered", recovered: true };
  } catch (error) {
    await rm(node.crashFile, { force: true });
    return { ...row, outcome: error instanceof Error ? error.message : String(error), recovered: false };
  }
}

function pointName({ moment, occurrence }: { moment: CrashMoment; occurrence: number }): string {
  return occurrence === 0 ? moment : `${moment} (${occurrence + 1})`;
}

async function crash(
  scenario: CrashScenario,
  point: CrashPoint,
  node: EdgeNode & { readonly crashFile: string },
): Promise<void> {
  const operationId = randomUUID();
  await writeFile(node.crashFile, JSON.stringify(point));
  const call = scenario.run(node, operationId).then(
    () => "it ended",
    () => "it was cut off",
  );
  await Promise.race([node.agent.ended(), call]);
  assert.ok(!existsSync(node.crashFile), "the point was never reached");
  await node.agent.ended();
  await node.agent.start();
  await verify(scenario, node);
  assert.equal(
    (await scenario.run(node, operationId)).outcome,
    scenario.outcome,
    "the same operation id has another result",
  );
  const again = await scenario.run(node, randomUUID()).catch((error: unknown) => error);
  if (scenario.operation !== "undeploy" && scenario.operation !== "rollback") {
    assert.ok(!(again instanceof Error), `it cannot be repeated: ${String(again)}`);
    await verify(scenario, node);
  }
}

/** The runtime shows exactly what the operation should lead to, and the registry says the same. */
async function verify(scenario: CrashScenario, node: EdgeNode): Promise<void> {
  const { client } = node.agent;
  const operator = createOperator(node);
  await eventually(async () => {
    const { operations } = await client.listOperations({ service, inProgress: true });
    assert.deepEqual(operations, [], "the operation does not end");
  });
  assert.deepEqual(await operator.containers(service), scenario.containers);
  for (const [component, text] of Object.entries(scenario.answers)) {
    assert.equal(await answerOn(await operator.hostPort(service, component)), text);
  }
  const { services } = await client.liveCheck({});
  const isListed = services.some(({ name }) => name === service);
  assert.equal(isListed, scenario.containers.length > 0, "the registry knows the service, or does not");
  const components = services.find(({ name }) => name === service)?.components ?? [];
  const listed = components.map(
    ({ container, observedState }) => `${container} ${observedState === "running" ? "running" : "exited"}`,
  );
  assert.deepEqual(listed, scenario.containers, "the registry differs from the runtime");
  const { drift } = await client.getServiceStatus({});
  assert.deepEqual(drift, [], "there is drift");
  await verifyEdge(components, node);
}

/** Proxy and name server have what leads to the containers that run, and nothing else. */
async function verifyEdge(components: readonly ComponentInfo[], node: EdgeNode): Promise<void> {
  const expected = components
    .filter(({ desiredState }) => desiredState === "running")
    .flatMap(({ routes }) =>
      routes.flatMap(({ hostname, port, hostPort }) => {
        const name = hostname === "" ? `${service}.${edgeZone}` : hostname;
        return [
          `l7 ${name}:${port} → 127.0.0.1:${hostPort}`,
          `${name.slice(0, -edgeZone.length - 1)} A ${edgeAddress}`,
        ];
      }),
    );
  await eventually(async () => {
    const { pending } = await node.agent.client.getServiceStatus({});
    assert.deepEqual(pending, [], "something is pending at the edge");
    assert.deepEqual(await node.shown(), expected.toSorted(), "the edge differs from the registry");
  });
  const files = await readdir(node.certificateDirectory);
  const certificates = new Set(
    components.flatMap(({ routes }) => routes).map(() => `${service}.${edgeZone}.pem`),
  );
  assert.deepEqual(
    files.filter((file) => file.endsWith(".pem")),
    [...certificates],
  );
}
