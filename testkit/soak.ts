import assert from "node:assert/strict";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { ComponentSpec } from "@metacircular/mcp-core/spec.ts";
import type { Census } from "./census.ts";
import type { TestNode } from "./node.ts";
import { aWeb, serviceMessage } from "./operator.ts";

/** What was asked of a node so far. */
export interface SoakCounts {
  deploys: number;
  /** Deploys that succeeded and rollbacks, by service. */
  readonly revisions: Record<string, number>;
  /** Deploys that were meant to fail. */
  failed: number;
  rollbacks: number;
  restarts: number;
}

/** One service per way of replacing a container. */
const services = ["beside", "place"] as const;
type Service = (typeof services)[number];
const failsEvery = 20;
const extrasEvery = 25;
/** Of each service. */
const mostRevisions = 100;

const { SUCCEEDED, RESTORED } = OperationOutcome;

/** Deploys one version after the other, the services in turn, and yields after each deploy. Every 20th deploy fails
 * and is undone; every 25th is followed by a rollback and a restart. */
export async function* soak(node: TestNode, deploys: number): AsyncGenerator<SoakCounts> {
  const counts: SoakCounts = { deploys: 0, revisions: {}, failed: 0, rollbacks: 0, restarts: 0 };
  const running = new Map<Service, string>();
  const { client } = node.agent;
  while (counts.deploys < deploys) {
    const turn = counts.deploys;
    const service = services[turn % services.length] ?? services[0];
    const isToFail = turn % failsEvery === failsEvery - 1;
    const other = running.get(service) === "v1" ? "v2" : "v1";
    const version = isToFail ? "exits" : other;
    const deployed = await client.deploy({ service: serviceMessage(service, [component(service, version)]) });
    assert.equal(deployed.outcome, isToFail ? RESTORED : SUCCEEDED, JSON.stringify(deployed.results));
    counts.deploys += 1;
    if (isToFail) counts.failed += 1;
    else {
      counts.revisions[service] = (counts.revisions[service] ?? 0) + 1;
      running.set(service, version);
    }
    if (turn % extrasEvery === extrasEvery - 1) {
      const rolledBack = await client.rollback({ service });
      assert.equal(rolledBack.outcome, SUCCEEDED, JSON.stringify(rolledBack.results));
      const restarted = await client.restartService({ name: service });
      assert.equal(restarted.outcome, SUCCEEDED, JSON.stringify(restarted.results));
      counts.revisions[service] = (counts.revisions[service] ?? 0) + 1;
      running.set(service, running.get(service) === "v1" ? "v2" : "v1");
      counts.rollbacks += 1;
      counts.restarts += 1;
    }
    yield structuredClone(counts);
  }
}

/** What was asked so far, and what is there. */
export interface SoakState {
  readonly counts: SoakCounts;
  readonly census: Census;
}

/** Rows by table as they must be some time after `later`: as before, but for what a node keeps of its operations,
 * and for tags: they are looked up once services are still, which need not have been so before. */
export function expectedRows(before: SoakState, later: SoakCounts): Record<string, number> {
  const { rows } = before.census;
  const grown = operationsOf(later) - operationsOf(before.counts);
  return {
    ...rows,
    operations: (rows["operations"] ?? 0) + grown,
    revisions: revisionsKept(later),
    tags: Object.keys(later.revisions).length,
  };
}

function operationsOf({ deploys, rollbacks, restarts }: SoakCounts): number {
  return deploys + rollbacks + restarts;
}

/** The agent deletes older ones at the monitor's interval. */
function revisionsKept({ revisions }: SoakCounts): number {
  return Object.values(revisions).reduce((sum, number) => sum + Math.min(number, mostRevisions), 0);
}

function component(service: Service, version: string): ComponentSpec {
  return service === "beside"
    ? aWeb(version, { update: "start-first" })
    : aWeb(version, { update: "stop-first", volumes: ["/etc/hostname:/name"] });
}
