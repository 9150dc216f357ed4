import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import type { PurgeRequest } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { startOnTerminal } from "./terminal.ts";
import { parsed } from "./tool.ts";
import { aDefinition, type AgentDouble, createWorkplace } from "./workplace.ts";

const running = {
  service: "busy",
  component: "web",
  container: "busy-web",
  reason: "its container busy-web runs",
  error: { code: "COMPONENT_RUNNING", remedy: "stop it with: mcp stop busy", facts: {}, output: [] },
};
const old = { service: "old", component: "web", container: "", purged: true, reason: "in no definition" };

/** A node with one entry that can go and one that runs. */
function aNode(requests: PurgeRequest[], results = [old, running]): AgentDouble {
  return {
    purgeComponents(request) {
      requests.push(request);
      return {
        results: results.filter(({ service }) => request.service === "" || request.service === service),
      };
    },
  };
}

const done = (requests: readonly PurgeRequest[]) =>
  requests.filter(({ dryRun }) => !dryRun).map(({ service, component }) => `${service}/${component}`);

describe("mcp purge", () => {
  test("tells the node what is defined for it, and purges only what it was shown", async () => {
    const requests: PurgeRequest[] = [];
    await using workplace = await createWorkplace({ rift: aNode(requests) });
    await workplace.define("hello", aDefinition("hello", "web", "api"));
    await workplace.define("moved", aDefinition("moved", "web").replace('"rift"', '"gone"'));
    const { code, stdout, stderr } = await workplace.mcp("purge", "--yes");
    assert.equal(code, 5, stderr);
    assert.equal(
      stdout,
      `NODE  SERVICE  COMPONENT  CONTAINER  RESULT   WHY
rift  busy     web        busy-web   refused  its container busy-web runs; stop it with: mcp stop busy
rift  old      web        -          purged   in no definition
`,
    );
    assert.deepEqual(done(requests), ["old/"]);
    assert.deepEqual(
      requests[0]?.defined.map(({ service, component }) => `${service}/${component}`),
      ["hello/web", "hello/api", "moved/"],
    );
  });

  test("asks first, and needs --yes where it cannot ask", async () => {
    const requests: PurgeRequest[] = [];
    await using workplace = await createWorkplace({ rift: aNode(requests, [old]) });
    const blind = await workplace.mcp("purge");
    assert.equal(blind.code, 2);
    assert.match(blind.stderr, /code: CONFIRMATION_NEEDED/);
    const terminal = startOnTerminal(["purge"], {
      MCP_CONFIG: workplace.configFile,
      MCP_TOKEN: "token-of-alice",
    });
    await terminal.seen("Purge this entry");
    assert.match(terminal.shown(), /rift +old +web/);
    terminal.type("n\r");
    assert.equal(await terminal.result, 1);
    assert.deepEqual(done(requests), []);
  });

  test("only shows what it would do with --dry-run", async () => {
    const requests: PurgeRequest[] = [];
    await using workplace = await createWorkplace({ rift: aNode(requests, [old]) });
    const { code, stdout } = await workplace.mcp("purge", "--dry-run");
    assert.equal(code, 0);
    assert.match(stdout, /old +web +- +would purge +in no definition\n$/);
    const json = await workplace.mcp("purge", "--dry-run", "-o", "json");
    const { dry_run, entries } = parsed<{ dry_run: boolean; entries: Record<string, unknown>[] }>(
      json.stdout,
    );
    assert.deepEqual([dry_run, entries[0]?.["result"], entries[0]?.["error"]], [true, "purged", null]);
    assert.deepEqual(done(requests), []);
  });

  test("leaves alone what a file that cannot be read may be about", async () => {
    const requests: PurgeRequest[] = [];
    await using workplace = await createWorkplace({ rift: aNode(requests, [old]) });
    await workplace.define("broken", "name = ");
    await workplace.define("copy", aDefinition("shop", "web"));
    const { code, stderr } = await workplace.mcp("purge", "--yes");
    assert.equal(code, 5);
    assert.match(stderr, /^broken is left alone: /m);
    assert.deepEqual(
      requests[0]?.defined.map(({ service, component }) => `${service}/${component}`),
      ["broken/", "copy/", "shop/"],
    );
    const named = await workplace.mcp("purge", "broken", "--yes");
    assert.equal(named.code, 2);
    assert.match(named.stderr, /broken\.toml:1:/);
    assert.deepEqual(done(requests), ["old/"]);
  });

  test("does nothing where there is no directory of definitions", async () => {
    const requests: PurgeRequest[] = [];
    await using workplace = await createWorkplace({ rift: aNode(requests, [old]) });
    await rm(join(workplace.directory, "services"), { recursive: true });
    const { code, stderr } = await workplace.mcp("purge", "--yes");
    assert.equal(code, 2);
    assert.match(stderr, /code: DEFINITIONS_UNREADABLE/);
    assert.deepEqual(requests, []);
  });

  test("has nothing to do where all is defined", async () => {
    await using workplace = await createWorkplace({ rift: aNode([], []) });
    const { code, stderr } = await workplace.mcp("purge");
    assert.equal(code, 0);
    assert.match(stderr, /nothing to purge/);
  });
});
