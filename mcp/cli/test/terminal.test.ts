import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { startOnTerminal } from "./terminal.ts";
import { aDefinition, type AgentDouble, createWorkplace } from "./workplace.ts";

const colour = "\u001b[3";

function agent(undeployed: string[]): AgentDouble {
  return {
    liveCheck: () => ({
      services: [
        { name: "hello", components: [{ name: "web", desiredState: "running", observedState: "running" }] },
      ],
    }),
    getServiceStatus: () => ({
      services: [{ name: "hello", components: [{ name: "web", container: "hello-web" }] }],
    }),
    undeployService: ({ name }) => {
      undeployed.push(name);
      return { outcome: OperationOutcome.SUCCEEDED };
    },
  };
}

describe("on a terminal", () => {
  test("undeploy asks, and takes no for an answer", async () => {
    const undeployed: string[] = [];
    await using workplace = await createWorkplace({ rift: agent(undeployed) });
    await workplace.define("hello", aDefinition("hello", "web"));
    const env = { MCP_CONFIG: workplace.configFile, MCP_TOKEN: "token-of-alice" };
    for (const [answer, count, code] of [
      ["n", 0, 1],
      ["", 0, 1],
      ["y", 1, 0],
    ] as const) {
      const terminal = startOnTerminal(["undeploy", "hello"], env);
      await terminal.seen("Remove hello from rift (hello-web)?");
      terminal.type(`${answer}\n`);
      assert.equal(await terminal.result, code, terminal.shown());
      assert.equal(undeployed.length, count);
    }
  });

  test("Ctrl-C at the question does nothing and ends the tool", async () => {
    const undeployed: string[] = [];
    await using workplace = await createWorkplace({ rift: agent(undeployed) });
    await workplace.define("hello", aDefinition("hello", "web"));
    const env = { MCP_CONFIG: workplace.configFile, MCP_TOKEN: "token-of-alice" };
    const terminal = startOnTerminal(["undeploy", "hello"], env);
    await terminal.seen("Remove hello");
    terminal.type("\u0003");
    assert.equal(await terminal.result, 1);
    assert.deepEqual(undeployed, []);
    assert.doesNotMatch(terminal.shown(), /error|Prompt/);
  });

  test("state is coloured, unless NO_COLOR is set or the terminal is dumb; in a pipe it never is", async () => {
    await using workplace = await createWorkplace({ rift: agent([]) });
    const env = { MCP_CONFIG: workplace.configFile, MCP_TOKEN: "token-of-alice" };
    const shown = async (more: Record<string, string>): Promise<string> => {
      const terminal = startOnTerminal(["ps"], { ...env, ...more });
      await terminal.result;
      return terminal.shown();
    };
    assert.ok((await shown({})).includes(`${colour}2mrunning`));
    assert.ok(!(await shown({ NO_COLOR: "1" })).includes(colour));
    assert.ok(!(await shown({ TERM: "dumb" })).includes(colour));
    assert.ok(!(await workplace.mcp("ps")).stdout.includes(colour));
  });
});
