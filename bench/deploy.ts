import assert from "node:assert/strict";
import type { UpdateStrategy } from "@metacircular/mcp-core/spec.ts";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { createTestNode, type TestNode } from "@metacircular/testkit/node.ts";
import { serviceMessage } from "@metacircular/testkit/operator.ts";
import { aComponent, aRoute } from "@metacircular/testkit/specs.ts";
import type { Benchmark } from "./benchmark.ts";
import { interleave, type Side, timed } from "./measure.ts";
import { composeUp } from "./peers/compose.ts";
import type { PeerContainer } from "./peers/peer-container.ts";
import { replaceByCommands, runByCommand } from "./peers/podman-commands.ts";
import { comparedRow } from "./result.ts";

const commandsGoal = 0.75;
const composeGoal = 0.3;
const rounds = 11;
const image = "localhost/web:v1";

/** How long it takes to replace a container because its environment has changed, the image being there. A
 * container counts as up when it runs, which is all that the peers look at. */
export const deploy: Benchmark = {
  name: "deploy",
  summary: "replacing one container by RPC against podman's commands and podman-compose",
  async run(say) {
    await using node = await createTestNode();
    const { environment, directory } = node.podman;
    const manual = { name: "bench-manual", image, port: await freePort() };
    const composed = { name: "bench-composed", image, port: await freePort() };
    await runByCommand({ ...manual, env: environmentOf(manual.port, -1) }, environment);
    const network = await networkOf(manual.name, node);
    say(`one container per side, ${rounds} rounds`);
    const samples = await interleave(
      {
        stopFirst: deployer("stop-first", node),
        startFirst: deployer("start-first", node),
        commands: replacing(manual, (container) => replaceByCommands(container, environment), node),
        compose: replacing(
          composed,
          (container) => composeUp(container, { directory, network, environment }),
          node,
        ),
      },
      { rounds },
    );
    const { stopFirst, startFirst, commands, compose } = samples;
    return [
      comparedRow("deploy, stop first / podman commands", { ours: stopFirst, peer: commands }, commandsGoal),
      comparedRow(
        "deploy, start first / podman commands",
        { ours: startFirst, peer: commands },
        commandsGoal,
      ),
      comparedRow("deploy, stop first / podman-compose", { ours: stopFirst, peer: compose }, composeGoal),
      comparedRow("deploy, start first / podman-compose", { ours: startFirst, peer: compose }, composeGoal),
    ];
  },
};

function deployer(update: UpdateStrategy, node: TestNode): Side {
  return async (round) => {
    const component = aComponent({
      name: "web",
      image,
      routes: [aRoute()],
      update,
      env: [variable(round)],
      health: { ...aComponent().health, settleMs: 0 },
    });
    const durationMs = await timed(async () => {
      const { outcome } = await node.agent.client.deploy({ service: serviceMessage(update, [component]) });
      assert.equal(outcome, OperationOutcome.SUCCEEDED);
    });
    await assertRunning(`${update}-web`, round, node);
    return durationMs;
  };
}

function replacing(
  container: Omit<PeerContainer, "env">,
  replace: (container: PeerContainer) => Promise<number>,
  node: TestNode,
): Side {
  return async (round) => {
    const durationMs = await replace({ ...container, env: environmentOf(container.port, round) });
    await assertRunning(container.name, round, node);
    return durationMs;
  };
}

function environmentOf(port: number, round: number): string[] {
  return [`PORT=${port}`, variable(round)];
}

function variable(round: number): string {
  return `ROUND=${round}`;
}

async function assertRunning(name: string, round: number, { podman }: TestNode): Promise<void> {
  const format = "{{.State.Status}} {{range .Config.Env}}{{println .}}{{end}}";
  const text = await podman.cli("inspect", name, "--format", format);
  assert.ok(text.startsWith("running") && text.includes(`${variable(round)}\n`), `${name}: ${text}`);
}

async function networkOf(name: string, { podman }: TestNode): Promise<string> {
  const format = "{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}";
  return (await podman.cli("inspect", name, "--format", format)).trim();
}
