import assert from "node:assert/strict";
import { test } from "node:test";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { parsed } from "./tool.ts";
import { aDefinition, type AgentDouble, createWorkplace } from "./workplace.ts";

const steps = [{ kind: "start-container", component: "web", description: "start hello-web" }];
const listed = { services: [{ name: "hello" }] };

function repairing(calls: string[]): AgentDouble {
  return {
    listServices: () => listed,
    reconcileService: ({ name, dryRun, operationId }) => {
      calls.push(`${name}${dryRun ? " dry" : ""}`);
      return dryRun ? { steps } : { steps, operationId, outcome: OperationOutcome.SUCCEEDED };
    },
  };
}

test("reconcile asks the agent of the service's node, and --dry-run shows the steps", async () => {
  const calls: string[] = [];
  await using workplace = await createWorkplace({ rift: repairing(calls) });
  await workplace.define("hello", aDefinition("hello", "web"));
  const preview = await workplace.mcp("reconcile", "hello", "--dry-run");
  assert.match(preview.stdout, /start hello-web/);
  const done = await workplace.mcp("reconcile", "hello");
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stderr, /reconcile hello on rift: done/);
  assert.deepEqual(calls, ["hello dry", "hello"]);
  const json = parsed((await workplace.mcp("reconcile", "hello", "-o", "json")).stdout) as {
    outcome: string;
  };
  assert.equal(json.outcome, "succeeded");
});

test("status tells of a crash loop, of its last output, and of what was given up", async () => {
  const component = { desiredState: "running", observedState: "exited", container: "hello-web" };
  const nowMs = Date.now();
  await using workplace = await createWorkplace({
    rift: {
      getServiceStatus: () => ({
        services: [
          {
            name: "hello",
            components: [
              {
                ...component,
                name: "web",
                repair: {
                  state: "crash-loop",
                  attempts: 2,
                  next: timestampFromMs(nowMs + 3_700_000),
                  reason: "it ended 5 times within 30 s",
                  log: ["fatal: no database"],
                },
              },
              {
                ...component,
                name: "api",
                repair: { state: "given-up", attempts: 20, reason: "cannot pull image x", log: [] },
              },
              { ...component, name: "job", repair: { state: "finished" } },
            ],
          },
        ],
      }),
    },
  });
  const { stdout } = await workplace.mcp("status");
  assert.match(
    stdout,
    /rift {2}hello\/web {2}crash loop after 2 attempts, next attempt in 1h: it ended 5 times within 30 s\n.*fatal: no database/,
  );
  assert.match(stdout, /given up after 20 attempts: cannot pull image x; mcp reconcile hello/);
  assert.match(stdout, /hello\/job {2}finished: it ended by itself, .*; mcp start hello/);
  const { components } = parsed((await workplace.mcp("status", "-o", "json")).stdout) as {
    components: { repair: { state: string; next: string | null } }[];
  };
  assert.deepEqual(
    components.map(({ repair }) => [repair.state, repair.next === null]),
    [
      ["crash-loop", false],
      ["given-up", true],
      ["finished", true],
    ],
  );
});
