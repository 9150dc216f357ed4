import { setTimeout as sleep } from "node:timers/promises";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import type { Benchmark } from "./benchmark.ts";
import { growTo } from "./fleet.ts";
import { childrenOf, cpuTimeMs, memoryOf } from "./process-usage.ts";
import { absoluteRow } from "./result.ts";

const cpuGoalPercent = 0.5;
const memoryGoalMb = 100;
const containers = 20;
/** Long enough for one reconciliation at the default interval. */
const windowMs = 60_000;
/** Time for what a deploy leaves behind to come to rest. */
const restMs = 5_000;
const percent = "% of a core";

/** What the agent costs while nothing happens, measured with its default configuration. */
export const idle: Benchmark = {
  name: "idle",
  summary: `the agent's processor time and memory beside ${containers} containers where nothing happens`,
  async run(say) {
    await using node = await createTestNode({ monitor: "" });
    await restart(node);
    await growTo(containers, node);
    await sleep(restMs);
    const pid = node.agent.program.child.pid ?? 0;
    const services = await childrenOf(pid);
    say(`watching for ${windowMs / 1_000} s`);
    const [agentPercent, servicesPercent] = await Promise.all([idleCpu([pid]), idleCpu(services)]);
    const { residentMb, proportionalMb } = await memoryOf(pid);
    say(
      `of the memory, ${proportionalMb.toFixed(0)} MB are left when shared pages are divided by their users`,
    );
    return [
      absoluteRow("agent, idle CPU", { ours: agentPercent, unit: percent }, cpuGoalPercent),
      absoluteRow("podman's API service, idle CPU", { ours: servicesPercent, unit: percent }, cpuGoalPercent),
      absoluteRow("agent, resident memory", { ours: residentMb, unit: "MB" }, memoryGoalMb),
    ];
  },
};

/** The first start after a change of the sources compiles them, which every later one is spared. */
async function restart({ agent }: TestNode): Promise<void> {
  await agent.program[Symbol.asyncDispose]();
  await agent.start();
}

async function idleCpu(pids: readonly number[]): Promise<number> {
  const used = async () => (await Promise.all(pids.map(cpuTimeMs))).reduce((sum, each) => sum + each, 0);
  const [beganAtMs, usedBeforeMs] = [performance.now(), await used()];
  await sleep(windowMs);
  return (100 * ((await used()) - usedBeforeMs)) / (performance.now() - beganAtMs);
}
