import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Code, ConnectError } from "@connectrpc/connect";

import { parsed, runTool } from "./tool.ts";
import { createWorkplace } from "./workplace.ts";

interface JsonError {
  error: { code: string; found: string; remedy: string };
}

describe("wrong usage", () => {
  test("is explained in a sentence, with the nearest word", async () => {
    const { code, stderr } = await runTool(["stauts"]);
    assert.equal(code, 2);
    assert.equal(stderr, "error: unknown command 'stauts'\n(Did you mean status?)\n");
    const help = await runTool(["help", "dpeloy"]);
    assert.equal(help.code, 2);
    assert.equal(help.stderr, "error: unknown command 'dpeloy'\n(Did you mean deploy?)\n");
  });

  test("is JSON like every other error with -o json, wherever the option stands", async () => {
    for (const argv of [
      ["-o", "json", "stauts"],
      ["stauts", "-o", "json"],
    ]) {
      const { code, stdout, stderr } = await runTool(argv);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.deepEqual(parsed<JsonError>(stderr).error, {
        code: "USAGE_INVALID",
        attempted: "understand the command line",
        subject: "",
        found: "unknown command 'stauts'",
        remedy: "Did you mean status?",
        facts: {},
        output: [],
      });
    }
    const option = await runTool(["ps", "--bogus", "-o", "json"]);
    assert.equal(parsed<JsonError>(option.stderr).error.found, "unknown option '--bogus'");
  });

  test("includes a configuration that is not there, and says how to get one", async () => {
    const { code, stderr } = await runTool(["ps"], { env: { MCP_CONFIG: "/nonexistent/mcp.toml" } });
    assert.equal(code, 2);
    assert.match(stderr, /cannot load configuration \/nonexistent\/mcp\.toml: there is no such file/);
    assert.match(stderr, /next: .*eval "\$\(bin\/metacircular env\)".*MCP_CONFIG/);
  });
});

test("a node that refuses MCP_TOKEN makes nobody log in again", async () => {
  const refuse = () => {
    throw new ConnectError("no", Code.Unauthenticated);
  };
  await using workplace = await createWorkplace({ rift: { liveCheck: refuse, listRevisions: refuse } });
  for (const argv of [["ps"], ["history", "hello", "--node", "rift"]]) {
    const { code, stderr } = await workplace.mcp(...argv);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /next: put another token into MCP_TOKEN, or unset it to use your login/);
  }
});

test("status says so when nothing is deployed", async () => {
  await using workplace = await createWorkplace({ rift: { getServiceStatus: () => ({}) } });
  const { stdout, stderr } = await workplace.mcp("status");
  assert.equal(stdout, "");
  assert.equal(stderr, "nothing is deployed\n");
});
