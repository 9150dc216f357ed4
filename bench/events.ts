import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { openRegistry, type Registry } from "@metacircular/mcp-agent/registry/registry.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { aWeb, createOperator } from "@metacircular/testkit/operator.ts";
import type { Benchmark } from "./benchmark.ts";
import { fill, pruneBefore, serviceName, slowestQuery } from "./event-load.ts";
import { interleave, quantile, type Samples, timed } from "./measure.ts";
import { absoluteRow, limitedRow, type Row } from "./result.ts";

const dayMs = 86_400_000;
const days = 30;
const perDay = 86_400;
const rounds = 21;
const goalMs = 50;
const sizeGoalMb = 500;
const growthGoal = 1.05;
/** The file has stopped changing for so long: nothing is left to be pruned. */
const doneAfterMs = 5_000;
const restMs = 30_000;
const mostCalls = 0.999;
const megabyte = 1_000_000;

/** 30 days of one event a second: what they cost those who ask, and what pruning them costs everybody. */
export const events: Benchmark = {
  name: "events",
  summary: `an agent beside ${days} days of one event a second: queries, the file, and pruning`,
  async run(say) {
    await using node = await createTestNode({ monitor: 'interval = "1h"\nretention = "31d"' });
    await createOperator(node).deploy(serviceName(0), [aWeb("v1")]);
    const empty = await statusTimes(node);
    const rows: Row[] = [];
    await whileStopped(node, async (registry) => {
      const nowMs = Date.now();
      say(`writing ${days * perDay} events`);
      fill(registry, { fromMs: nowMs - days * dayMs, count: days * perDay });
      rows.push(sizeRow(registry), queryRow(await slowestQuery(registry, { nowMs, rounds })));
    });
    const full = await statusTimes(node);
    rows.push(
      limitedRow(`status of a service, ${days} days of events / none`, { ours: full, peer: empty }, goalMs),
    );
    await whileStopped(node, async (registry) => {
      say("pruning a day");
      rows.push(...(await growthRows(registry, Date.now())));
    });
    say("asking the agent at rest, and while it prunes 15 days");
    rows.push(await pruningAgentRow(node, say));
    return rows;
  },
};

/** The agent gives the registry away for as long as `work` takes. */
async function whileStopped({ agent, directory }: TestNode, work: (registry: Registry) => Promise<void>) {
  await agent.program[Symbol.asyncDispose]();
  {
    using registry = openRegistry(join(directory, "mcp.db"), systemClock);
    await work(registry);
  }
  await agent.start();
}

async function statusTimes({ agent }: TestNode): Promise<Samples> {
  const ask = () => timed(() => agent.client.getServiceStatus({ name: serviceName(0) }));
  return (await interleave({ ask }, { rounds, warmUps: 3 })).ask;
}

function sizeRow(registry: Registry): Row {
  const ours = registry.size().sizeBytes / megabyte;
  return absoluteRow(`registry, ${days} days of events`, { ours, unit: "MB" }, sizeGoalMb);
}

function queryRow(ours: number): Row {
  return absoluteRow(`slowest query, ${days} days of events`, { ours, unit: "ms" }, goalMs);
}

/** A day goes and another comes. */
async function growthRows(registry: Registry, nowMs: number): Promise<Row[]> {
  const before = registry.size().sizeBytes;
  const { longestBlockMs } = await pruneBefore(registry, nowMs - (days - 1) * dayMs);
  fill(registry, { fromMs: nowMs, count: perDay });
  const growth = registry.size().sizeBytes / before;
  return [
    absoluteRow("longest block while a day is pruned", { ours: longestBlockMs, unit: "ms" }, goalMs),
    absoluteRow("registry after one day more / before", { ours: growth, unit: "times" }, growthGoal),
  ];
}

/** Starts the agent with half as long a retention, and asks it all the time while it deletes the other half. What
 * else happens on the machine makes single calls slow at any time, hence not the slowest of all. */
async function pruningAgentRow({ agent, directory }: TestNode, say: (line: string) => void): Promise<Row> {
  const atRest = await timesWhile(agent, untilMs(restMs));
  await agent.program[Symbol.asyncDispose]();
  const config = await readFile(agent.configFile, "utf8");
  await writeFile(agent.configFile, config.replace('retention = "31d"', 'retention = "15d"'));
  await agent.start();
  using registry = openRegistry(join(directory, "mcp.db"), systemClock);
  const beganAtMs = performance.now();
  const pruning = await timesWhile(agent, isChanging(registry));
  const seconds = ((performance.now() - beganAtMs - doneAfterMs) / 1_000).toFixed(0);
  say(`it took ${seconds} s; calls at rest: ${inWords(atRest)}; meanwhile: ${inWords(pruning)}`);
  const [ours, peer] = [quantile(pruning, mostCalls), quantile(atRest, mostCalls)];
  const name = "99.9 % of calls while 15 days are pruned / at rest";
  return { ...absoluteRow(name, { ours, unit: "ms" }, goalMs), peer, ratio: ours / peer };
}

/** Calls the agent, one call after the other. */
async function timesWhile({ client }: TestNode["agent"], goesOn: () => boolean): Promise<Samples> {
  const times: number[] = [];
  while (goesOn()) times.push(await timed(() => client.listServices({})));
  return times;
}

function untilMs(durationMs: number): () => boolean {
  const endsAtMs = performance.now() + durationMs;
  return () => performance.now() < endsAtMs;
}

function isChanging(registry: Registry): () => boolean {
  let freeBytes = 0;
  let changedAtMs = performance.now();
  return () => {
    const now = registry.size().freeBytes;
    if (now !== freeBytes) changedAtMs = performance.now();
    freeBytes = now;
    return performance.now() - changedAtMs < doneAfterMs;
  };
}

function inWords(times: Samples): string {
  const shares = [0.5, mostCalls, 1].map((share) => quantile(times, share).toFixed(1));
  return `${times.length}, median, 99.9 % and slowest ${shares.join(", ")} ms`;
}
