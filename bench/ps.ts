import assert from "node:assert/strict";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { checkout } from "@metacircular/testkit/program.ts";
import type { Benchmark } from "./benchmark.ts";
import { type Environment, outputOf, timeCommand } from "./commands.ts";
import { interleave } from "./measure.ts";
import { growTo } from "./fleet.ts";
import { operatorEnvironment } from "./operator-environment.ts";
import { comparedRow, type Row } from "./result.ts";

const goal = 1;
const counts = [1, 100, 300] as const;
const rounds = 11;

/** How long a person waits for the list of what runs, with few and with many containers. */
export const ps: Benchmark = {
  name: "ps",
  summary: "`mcp ps` against `podman ps` with 1, 100 and 300 running containers",
  async run(say) {
    await using node = await createTestNode();
    const environment = await operatorEnvironment(node);
    const rows: Row[] = [];
    for (const count of counts) {
      say(`deploying until ${count} containers run`);
      await growTo(count, node);
      rows.push(await measure(count, node, environment));
    }
    return rows;
  },
};

async function measure(count: number, node: TestNode, environment: Environment): Promise<Row> {
  const ours = [`${checkout}bin/mcp`, "ps"];
  const peer = ["podman", "ps"];
  const listed = await outputOf(ours, environment);
  assert.equal(listed.match(/ running /g)?.length, count, listed);
  const samples = await interleave(
    {
      ours: () => timeCommand(ours, environment),
      peer: () => timeCommand(peer, node.podman.environment),
    },
    { rounds },
  );
  return comparedRow(`mcp ps / podman ps, ${count} container${count === 1 ? "" : "s"}`, samples, goal);
}
