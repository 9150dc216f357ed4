import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { createOperator } from "@metacircular/testkit/operator.ts";
import { aComponent } from "@metacircular/testkit/specs.ts";
import type { Benchmark } from "./benchmark.ts";
import { timeCommand } from "./commands.ts";
import { interleave, type Side } from "./measure.ts";
import { limitedRow } from "./result.ts";

const goalMs = 150;
const rounds = 11;
/** Deaths that follow each other quickly are looked at once a second, so that a crash loop costs little. */
const restMs = 2_500;
const service = "bench";
const container = `${service}-web`;

/** How long after a container's first process was killed the recorded event reaches a client that watches. */
export const death: Benchmark = {
  name: "death",
  summary: "from a container's death to the recorded event at a client, against `podman wait`",
  async run() {
    await using node = await createTestNode();
    const component = aComponent({
      name: "web",
      image: "localhost/web:v1",
      restart: "no",
      health: { ...aComponent().health, settleMs: 0 },
    });
    await createOperator(node).deploy(service, [component]);
    const samples = await interleave({ ours: watched(node), peer: waitedFor(node) }, { rounds });
    return [limitedRow("death to recorded event / podman wait", samples, goalMs)];
  },
};

function watched(node: TestNode): Side {
  return async () => {
    const pid = await start(node);
    const abort = new AbortController();
    const events = node.agent.client.watchEvents({ service, follow: true }, { signal: abort.signal });
    let killedAtMs = 0;
    try {
      for await (const { event } of events) {
        if (event.case === "caughtUp") {
          killedAtMs = performance.now();
          process.kill(pid, "SIGKILL");
        }
        if (event.case !== "stateChanged" || killedAtMs === 0) continue;
        const durationMs = performance.now() - killedAtMs;
        assert.equal(event.value.newState, "exited");
        return durationMs;
      }
    } finally {
      abort.abort();
    }
    throw new Error("the stream of events ended before the event came");
  };
}

/** Time for `podman wait` to be at work; it waits 250 ms between two looks. */
const settleMs = 400;

function waitedFor(node: TestNode): Side {
  return async () => {
    const pid = await start(node);
    const waiting = timeCommand(["podman", "wait", container], node.podman.environment);
    const beganAtMs = performance.now();
    // Spread over the pause between two looks, where a death falls by chance.
    await sleep(settleMs + Math.random() * 250);
    process.kill(pid, "SIGKILL");
    const killedAfterMs = performance.now() - beganAtMs;
    return (await waiting) - killedAfterMs;
  };
}

/** Starts the container with the agent knowing, lets it run for a while, and returns the number of its first
 * process. */
async function start(node: TestNode): Promise<number> {
  const { client } = node.agent;
  await client.startService({ name: service });
  await client.liveCheck({});
  await sleep(restMs);
  return Number(await createOperator(node).inspect(container, "{{.State.Pid}}"));
}
