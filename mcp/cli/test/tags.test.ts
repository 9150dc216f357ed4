import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { parsed } from "./tool.ts";
import { aDefinition, type AgentDouble, createWorkplace } from "./workplace.ts";

const running = `sha256:${"a".repeat(64)}`;
const named = `sha256:${"b".repeat(64)}`;
const sinceMs = Date.now() - 5 * 60_000;

/** A node on which the tag of `web` moved, and that of `api` could not be looked up. */
const agent: AgentDouble = {
  getServiceStatus: () => ({
    services: [
      {
        name: "shop",
        active: true,
        components: [
          {
            ...{ name: "web", image: "mcr.example.net/web:v3", version: "v3" },
            ...{ desiredState: "running", observedState: "running" },
            tag: {
              ...{ moved: true, digest: named, runningDigest: running },
              ...{ checked: timestampFromMs(sinceMs), movedSince: timestampFromMs(sinceMs) },
            },
          },
          {
            ...{ name: "api", image: "mcr.example.net/api:v1", version: "v1" },
            ...{ desiredState: "running", observedState: "running" },
            tag: { error: "no answer", failed: timestampFromMs(sinceMs) },
          },
        ],
      },
    ],
  }),
  async *watchEvents() {
    const value = { image: "mcr.example.net/web:v3", runningDigest: running, digest: named };
    yield { service: "shop", component: "web", event: { case: "tagMoved", value } };
  },
};

describe("tags that moved", () => {
  test("are shown with both digests and what to do", async () => {
    await using workplace = await createWorkplace({ rift: agent });
    const { code, stdout, stderr } = await workplace.mcp("status");
    assert.equal(code, 0);
    assert.match(stdout, / v3 \(tag moved\) /u);
    assert.match(
      stderr,
      /^shop\/web: the tag of mcr\.example\.net\/web:v3 moved \(sha256:a{12} runs, sha256:b{12} is named, looked up 5m ago\)\n {2}next: `mcp deploy shop --pull`/mu,
    );
    assert.match(
      stdout,
      /tags that could not be looked up:\n {2}rift {2}mcr\.example\.net\/api:v1: no answer \(5m ago\)/u,
    );
  });

  test("are in JSON with the times of the look", async () => {
    await using workplace = await createWorkplace({ rift: agent });
    const { stdout } = await workplace.mcp("status", "-o", "json");
    const { components } = parsed<{ components: { component: string; tag: unknown }[] }>(stdout);
    const time = new Date(sinceMs).toISOString();
    assert.deepEqual(
      components.map(({ tag }) => tag),
      [
        {
          moved: true,
          digest: named,
          running_digest: running,
          checked: time,
          moved_since: time,
          error: null,
          failed: null,
        },
        {
          moved: false,
          digest: "",
          running_digest: "",
          checked: null,
          moved_since: null,
          error: "no answer",
          failed: time,
        },
      ],
    );
  });

  test("are among the events", async () => {
    await using workplace = await createWorkplace({ rift: agent });
    const text = `the tag of mcr.example.net/web:v3 moved from sha256:${"a".repeat(12)} to sha256:${"b".repeat(12)}`;
    assert.ok((await workplace.mcp("events")).stdout.includes(text));
    const { stdout } = await workplace.mcp("events", "-o", "json");
    const { type, digest, running_digest: before } = parsed<Record<string, string>>(stdout.trim());
    assert.deepEqual([type, digest, before], ["tag-moved", named, running]);
  });

  test("are gone after when a deploy is asked to pull, and only then", async () => {
    const pulls: boolean[] = [];
    await using workplace = await createWorkplace({
      rift: {
        deploy({ pull }) {
          pulls.push(pull);
          return { outcome: OperationOutcome.SUCCEEDED };
        },
        planDeploy({ pull }) {
          pulls.push(pull);
          return {};
        },
      },
    });
    await workplace.define("hello", aDefinition("hello", "web"));
    for (const argv of [["deploy"], ["deploy", "--pull"], ["plan"], ["plan", "--pull"]] as const)
      assert.equal((await workplace.mcp(...argv, "hello")).code, 0);
    assert.deepEqual(pulls, [false, true, false, true]);
  });
});
