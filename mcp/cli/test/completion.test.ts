import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { runTool } from "./tool.ts";
import { aDefinition, createWorkplace, type Workplace } from "./workplace.ts";

async function words(workplace: Workplace, ...line: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await workplace.mcp("__complete", "--", ...line);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((candidate) => candidate.split("\t")[0] ?? "");
}

const listServices = () => ({
  services: [
    { name: "remote", components: [{ name: "db", desiredState: "running" }] },
    { name: "stranger", components: [{ name: "stranger", desiredState: "ignore" }] },
  ],
});

describe("completion knows", () => {
  test("commands, options and their values", async () => {
    await using workplace = await createWorkplace({ rift: null });
    assert.deepEqual(await words(workplace, "rest"), ["restart"]);
    assert.deepEqual(await words(workplace, "node", ""), ["list", "add", "remove", "status"]);
    assert.deepEqual(await words(workplace, "deploy", "--d"), ["--dry-run"]);
    assert.deepEqual(await words(workplace, "service", "e"), ["edit", "export"]);
    assert.deepEqual(await words(workplace, "service", "import", "--s"), ["--service", "--stdout"]);
    assert.deepEqual(await words(workplace, "ps", "-o", "j"), ["json"]);
    assert.deepEqual(await words(workplace, "completion", ""), ["bash", "zsh", "fish"]);
    assert.ok(!(await words(workplace, "")).includes("__complete"));
  });

  test("services and components from definition files and from nodes, and nodes from the configuration", async () => {
    await using workplace = await createWorkplace({ rift: { listServices }, dead: null });
    await workplace.define("hello", aDefinition("hello", "web", "api"));
    assert.deepEqual(await words(workplace, "deploy", ""), ["hello", "remote"]);
    assert.deepEqual(await words(workplace, "--node", "rift", "restart", "hello/"), [
      "hello/api",
      "hello/web",
    ]);
    assert.deepEqual(await words(workplace, "logs", "-f", "remote/"), ["remote/db"]);
    assert.deepEqual(await words(workplace, "node", "remove", ""), ["rift", "dead"]);
    assert.deepEqual(await words(workplace, "stop", "hello", ""), []);
    assert.deepEqual(await words(workplace, "edit", "h"), ["hello"]);
    const built = aDefinition("built", "web").replace(
      "[[comp",
      '[build.images]\nweb = "Containerfile"\n[[comp',
    );
    await workplace.define("built", built);
    assert.deepEqual(await words(workplace, "build", "b"), ["built"]);
    assert.deepEqual(await words(workplace, "build", "built/"), ["built/web"]);
    assert.deepEqual(await words(workplace, "service", "export", "r"), ["remote"]);
  });

  test("nothing, silently, where there is no configuration", async () => {
    const result = await runTool(["__complete", "--", "deploy", ""], { env: { MCP_CONFIG: "/nonexistent" } });
    assert.deepEqual(result, { code: 0, signal: null, stdout: "", stderr: "" });
  });
});

test("bash completes a service and stays at the slash", async () => {
  await using workplace = await createWorkplace({ rift: null });
  await workplace.define("hello", aDefinition("hello", "web"));
  const mcp = join(workplace.directory, "mcp");
  const main = join(import.meta.dirname, "..", "main.ts");
  await writeFile(mcp, `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`);
  await chmod(mcp, 0o755);
  const script = [
    `source <(mcp completion bash)`,
    `COMP_WORDS=(mcp deploy hello/); COMP_CWORD=2; _mcp; printf '%s\\n' "\${COMPREPLY[@]}"`,
    `COMP_WORDS=(mcp st); COMP_CWORD=1; _mcp; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join("\n");
  const env = {
    ...process.env,
    PATH: `${workplace.directory}:${process.env["PATH"]}`,
    MCP_CONFIG: workplace.configFile,
  };
  const shown = execFileSync("bash", ["--norc", "-c", script], { env, encoding: "utf8" });
  assert.deepEqual(shown.split("\n"), ["hello/web", "stop", "start", "status", ""]);
});
